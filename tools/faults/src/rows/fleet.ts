import type { Backend } from "../backend.ts";
import type { Client, Column } from "../client.ts";
import type { Instance } from "../instance-process.ts";
import { openStore, type StoreAddress } from "../open-store.ts";
import { cells, type FaultRow, together } from "../row.ts";
import type { Situation } from "../situation.ts";
import { joined } from "./lost-replies.ts";

const stores = ["sqlite", "postgres", "mysql", "redis"] as const;

/** L-05, L-12: several processes, one store. */
export const fleetRows: readonly FaultRow[] = [
  {
    id: "L-05",
    title: "100 tabs refresh one token at once over 4 processes, again and again",
    stores,
    expected: cells("–", "ok", "ok", "–", "–", "–"),
    async run(situation) {
      const { backend, lengths } = situation;
      const instances = await fleet(situation, 4);
      const at = (turn: number): string => (instances[turn % 4] as Instance).origin;
      const client = await situation.signedIn(at(0));
      const outcomes: string[] = [];
      for (let round = 0; round < lengths.rounds; round += 1) {
        const tabs = Array.from({ length: 100 }, () => client.copy());
        const answers = await Promise.all(tabs.map((tab, place) => tab.refresh(at(place))));
        for (const { outcome } of answers) if (!outcomes.includes(outcome)) outcomes.push(outcome);
        // A tab that was not answered has its old token still.
        const answered = tabs.filter((_, place) => answers[place]?.outcome === "ok");
        const children = new Set(answered.map(({ refreshToken }) => refreshToken));
        if (children.size !== 1) situation.complain(`round ${round} had ${children.size} children`);
        // A browser keeps any of the answers.
        Object.assign(client, {
          ...answered[Math.floor(Math.random() * answered.length)],
          complaints: client.complaints,
        });
      }
      const raw = backend.open();
      const row = await raw.getSession(client.handle, Date.now());
      await raw.close();
      // The child of the first round is first presented in the second, and so on.
      if (row?.generation !== lengths.rounds - 1) {
        situation.complain(`${row?.generation} generations came of ${lengths.rounds} rounds`);
      }
      return cells("–", (await client.verifyInStore(at(1))).outcome, together(outcomes), "–", "–", "–");
    },
  },
  {
    id: "L-12",
    title: "8 processes boot on an empty store at once, and take each other's tokens",
    stores,
    expected: cells("ok", "–", "ok", "ok", "–", "–"),
    async run(situation) {
      const { backend, lengths } = situation;
      const instances = await fleet(situation, 8);
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      for (let boot = 0; boot < lengths.firstBoots; boot += 1) {
        const address: StoreAddress = { ...backend.address(), prefix: `boot${boot}` };
        await Promise.all(instances.map((instance) => instance.open(address)));
        const clients = await Promise.all(instances.map((instance) => situation.signedIn(instance.origin)));
        outcomes.C.push("ok");
        const answers = await Promise.all(
          clients.flatMap((client) => instances.map((instance) => client.copy().verify(instance.origin))),
        );
        outcomes.V.push(together(answers.map(({ outcome }) => outcome)));
        const refreshes = await Promise.all(
          clients.map((client, place) => client.refresh((instances[7 - place] as Instance).origin)),
        );
        outcomes.R.push(together(refreshes.map(({ outcome }) => outcome)));
        const raw = openStore(address);
        const [keys, secrets] = [await raw.listSigningKeys(), await raw.listSecrets()];
        await raw.close();
        if (`${keys.length} ${secrets.length}` !== "1 1") {
          situation.complain(`boot ${boot} made ${keys.length} keys and ${secrets.length} secrets`);
        }
      }
      return joined(outcomes);
    },
  },
  {
    id: "L-12",
    title: "keys rotate every 4 s under load, over 4 processes",
    stores,
    isSlow: true,
    expected: cells("ok", "–", "ok", "ok", "–", "–"),
    async run(situation) {
      const { backend, lengths } = situation;
      const options = {
        accessTokenSigningKeyUpdateIntervalHours: ROTATION_MS / 3_600_000,
        allowTestValues: true,
      };
      const address: StoreAddress = { ...backend.address(), prefix: "rotation" };
      const instances = await fleet(situation, 4);
      await Promise.all(instances.map((instance) => instance.open(address, options)));
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      const startedMs = performance.now();
      const live = async (place: number): Promise<void> => {
        for (let turn = place; performance.now() - startedMs < lengths.rotatingForMs; turn += 1) {
          const client: Client = await situation.signedIn((instances[turn % 4] as Instance).origin);
          const note = (column: Column, outcome: string): void => {
            if (!outcomes[column].includes(outcome)) outcomes[column].push(outcome);
          };
          note("C", "ok");
          for (const { origin } of instances) note("V", (await client.verify(origin)).outcome);
          note("R", (await client.refresh((instances[(turn + 1) % 4] as Instance).origin)).outcome);
          for (const { origin } of instances) note("V", (await client.verify(origin)).outcome);
        }
      };
      await Promise.all([0, 1, 2, 3].map(live));
      const raw = openStore(address);
      const keys = await raw.listSigningKeys();
      await raw.close();
      const most = Math.ceil((performance.now() - startedMs) / (ROTATION_MS * 0.8)) + 1;
      if (keys.length < 2 || keys.length > most) {
        situation.complain(`${keys.length} keys where 2 to ${most} were to be`);
      }
      return joined(outcomes);
    },
  },
];

const ROTATION_MS = 4_000;

function fleet(situation: Situation<Backend>, size: number): Promise<Instance[]> {
  return Promise.all(
    Array.from({ length: size }, () => situation.startInstance(situation.backend.address())),
  );
}

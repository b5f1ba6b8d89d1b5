// What the guides promise: their blocks, in the files that they name, are a server that has every route they show.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { it } from "node:test";
import { root } from "../lib/run.mjs";
import { execute, filesOf } from "./project.mjs";

const json = { "content-type": "application/json" };
const asHeader = { headers: { "x-user": "alice" } };
const asEmail = { headers: json, body: '{"email":"alice"}' };
const asUser = { headers: json, body: '{"user":"alice"}' };

/** By guide: how it signs in, and its routes with their answers without a session and with one that has no roles. */
const guides = {
  express: {
    login: asEmail,
    routes: {
      "GET /me": [401, 200],
      "POST /rename": [401, 200],
      "POST /like-comment": [401, 200],
      "GET /feed": [200, 200],
      "GET /banner": [200, 200],
      "DELETE /posts/1": [401, 403],
      "GET /admin/reports": [401, 403],
    },
  },
  fastify: {
    login: asEmail,
    routes: {
      "GET /me": [401, 200],
      "GET /name": [401, 200],
      "POST /like-comment": [401, 200],
      "GET /admin/users": [401, 200],
      "GET /feed": [200, 200],
      "GET /banner": [200, 200],
      "DELETE /posts/1": [401, 403],
    },
  },
  fetch: {
    login: asUser,
    refusal: "invalid claim", // `withSession` answers by itself
    routes: {
      "GET /me": [401, 200],
      "POST /like-comment": [401, 200],
      "GET /account": [401, 200],
      "GET /banner": [200, 200],
      "DELETE /post": [401, 403],
    },
  },
  hapi: {
    login: asHeader,
    routes: {
      "GET /me": [401, 200],
      "GET /admin": [401, 200],
      "POST /like-comment": [401, 200],
      "GET /feed": [200, 200],
      "DELETE /posts/1": [401, 403],
    },
  },
  hono: {
    login: asHeader,
    routes: {
      "GET /me": [401, 200],
      "POST /like-comment": [401, 200],
      "GET /admin/users": [401, 200],
      "GET /feed": [200, 200],
      "GET /banner": [200, 200],
      "DELETE /posts/1": [401, 403],
    },
  },
  koa: {
    login: asHeader,
    routes: {
      "GET /me": [401, 200],
      "GET /name": [401, 200],
      "POST /like-comment": [401, 200],
      "GET /admin/users": [401, 200],
      "GET /feed": [200, 200],
      "GET /banner": [200, 200],
      "DELETE /posts/1": [401, 403],
    },
  },
  // The browser's client signs out with ours; these two show no route of their own.
  loopback: {
    login: asHeader,
    logout: "/auth/signout",
    routes: { "GET /me": [401, 200], "DELETE /posts/1": [401, 403] },
  },
  nest: {
    login: asHeader,
    logout: "/auth/signout",
    routes: {
      "GET /likes/mine": [401, 200],
      "GET /likes": [200, 200],
      "DELETE /likes/1": [401, 200],
      "GET /feed": [200, 200],
      "DELETE /posts/1": [401, 403],
    },
  },
};

const fixtures = join(root, "scripts/packed/fixtures/below");

/** The tests of a guide whose files are compiled in `built` of its folder in a project. */
export function isAServer(name, project) {
  it("its files are a server with every route that the guide shows", () => drive(name, project()));

  const below = join(fixtures, `${name}.mjs`);
  if (!existsSync(below)) return;
  it("what it says to guard is guarded: in other routers, for other methods, however the path is written", async () => {
    const home = join(project(), name);
    copyFileSync(join(fixtures, "probe.mjs"), join(home, "probe.mjs"));
    copyFileSync(below, join(home, "below.mjs"));
    const ran = await execute("node", [`${name}/below.mjs`], { cwd: project(), limitMs: 60_000 });
    assert.equal(ran.code, 0, ran.output);
    assert.match(ran.output, /^guarded$/m);
  });
}

/** What a page's blocks import and its `npm install` lines do not name; types come with `@types/…`. */
export function notInstalled(path) {
  const text = readFileSync(join(root, path), "utf8");
  const named = new Set(
    [...text.matchAll(/npm install ([^`\n]*)/g)].flatMap(([, names]) => names.split(" ")),
  );
  const blocks = path.startsWith("docs/")
    ? Object.entries(filesOf(path)).flatMap(([file, block]) => (file.includes("/") ? [] : [block]))
    : [text];
  const imported = blocks.flatMap((block) => [...block.matchAll(/^import .*? from "([^".][^"]*)";$/gms)]);
  return [...new Set(imported.map(([, specifier]) => /^(@[^/]+\/)?[^/]+/.exec(specifier)[0]))].filter(
    (one) =>
      !one.startsWith("node:") &&
      ![...named].some((each) => each === `@types/${one}` || each.replace(/(?<=.)@.*/, "") === one),
  );
}

/** Starts the main file as a user would, and asks for everything the guide shows. */
async function drive(name, cwd) {
  const { login, logout = "/logout", refusal = "not allowed", routes } = guides[name];
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const server = spawn(process.execPath, [`${name}/built/main.js`], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: "", NODE_ENV: "", PORT: String(port), API_ORIGIN: origin },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  try {
    await listening(origin, server, () => output);
    const cookies = new Map();
    const send = async (method, path, { headers = {}, body } = {}) => {
      const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join("; ");
      const response = await fetch(origin + path, {
        method,
        body,
        headers: {
          origin: "http://localhost:3000",
          "st-auth-mode": "cookie",
          rid: "anti-csrf",
          connection: "close",
          cookie,
          ...headers,
        },
      });
      for (const line of response.headers.getSetCookie()) {
        const [, key, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value === "") cookies.delete(key);
        else cookies.set(key, value);
      }
      return { status: response.status, text: await response.text(), headers: response.headers };
    };
    const answers = async (index) => {
      for (const [route, statuses] of Object.entries(routes)) {
        const [method, path] = route.split(" ");
        const { status, text } = await send(method, path);
        assert.equal(status, statuses[index], `${route} ${text}\n${output}`);
      }
    };

    await answers(0);
    const signedIn = await send("POST", "/login", login);
    assert.ok([200, 201].includes(signedIn.status), `${signedIn.status} ${signedIn.text}\n${output}`);
    // What a browser lets a page of another origin see.
    assert.equal(signedIn.headers.get("access-control-allow-origin"), "http://localhost:3000");
    await answers(1);
    assert.equal((await send("POST", "/auth/session/refresh")).status, 200);
    const refused = await send(
      "DELETE",
      Object.keys(routes)
        .find((route) => route.startsWith("DELETE /post"))
        .slice(7),
    );
    const own = JSON.parse(refused.text);
    assert.equal(own.message, refusal);
    assert.deepEqual(
      own.claimValidationErrors.map(({ id }) => id),
      ["st-role"],
    );
    assert.equal((await send("POST", logout)).status, 200);
    await answers(0);
    assert.equal((await send("GET", "/auth/jwt/jwks.json")).status, 200);
  } finally {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
}

async function listening(origin, server, output) {
  for (;;) {
    try {
      await fetch(`${origin}/auth/jwt/jwks.json`, { headers: { connection: "close" } });
      return;
    } catch (error) {
      if (server.exitCode !== null)
        throw new Error(`it ended with ${server.exitCode}: ${output()}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

import type { SessionError, VerifySessionOptions } from "@acme/session-core";
import { invalidArgument } from "@acme/session-core/adapter";
import type { ExecutionContext } from "@nestjs/common";
import { assertCalled } from "./assert-called.js";
import { mergeOptions } from "./merge-options.js";

/** Metadata of a class or method: the options of its guard, or that it needs none. */
const GUARD = "acme.session.guard";
const PUBLIC = "public";

type Guarding = VerifySessionOptions | typeof PUBLIC;
export type Handler = ReturnType<ExecutionContext["getHandler"]>;
export type Controller = ReturnType<ExecutionContext["getClass"]>;

/** @throws SessionError `INVALID_ARGUMENT` where it stands on something else, or says the contrary of what is there */
function guarding(value: Guarding): ClassDecorator & MethodDecorator {
  return ((target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const on: unknown = key === undefined ? target : descriptor?.value;
    const name = key === undefined ? (target as Controller).name : String(key);
    if (typeof on !== "function") {
      throw invalidArgument(`${name}: VerifySession and PublicAccess go on a class or on its method`);
    }
    const own = Reflect.getOwnMetadata(GUARD, on) as Guarding | undefined;
    if (own !== undefined && (own === PUBLIC) !== (value === PUBLIC)) {
      throw invalidArgument(
        `${name} has VerifySession and PublicAccess, of which one lets everybody in: take one away`,
      );
    }
    // Its own of another decorator, or of the class that it extends.
    const present = Reflect.getMetadata(GUARD, on) as Guarding | undefined;
    if (key !== undefined && value !== PUBLIC) note(target, key, on as Handler, present === undefined);
    const isFirst = value === PUBLIC || present === undefined || present === PUBLIC;
    Reflect.defineMetadata(GUARD, isFirst ? value : mergeOptions(present, value), on);
  }) as ClassDecorator & MethodDecorator;
}

/** Which functions `VerifySession` stood on, by their names: an own one of each prototype. */
const NOTED = "acme.session.guarded";
type Noted = Map<string | symbol, Handler>;

function note(prototype: object, key: string | symbol, on: Handler, isBare: boolean): void {
  const noted = (Reflect.getOwnMetadata(NOTED, prototype) as Noted | undefined) ?? new Map();
  const before = noted.get(key);
  if (isBare && before !== undefined && before !== on) throw replaced(prototype.constructor.name, key);
  noted.set(key, on);
  Reflect.defineMetadata(NOTED, noted, prototype);
}

/** The methods of a class, its own and those it inherits, that `VerifySession` stands on. */
export function verifiedMethodsOf({ name, prototype }: Controller): Map<string | symbol, Handler> {
  const found = new Map<string | symbol, Handler>();
  for (let level = prototype as object | null; level !== null; level = Object.getPrototypeOf(level)) {
    for (const [key, noted] of (Reflect.getOwnMetadata(NOTED, level) as Noted | undefined) ?? []) {
      const present = (prototype as Record<string | symbol, unknown>)[key];
      if (typeof present !== "function") continue;
      if (present === noted || Reflect.hasMetadata(GUARD, present)) found.set(key, present as Handler);
      // Without any metadata it is no route and no resolver either.
      else if (Reflect.getMetadataKeys(present).length > 0) {
        throw Object.hasOwn(level, key) && (level as Record<string | symbol, unknown>)[key] === present
          ? replaced(name, key)
          : overridden(name, key);
      }
    }
  }
  return found;
}

function replaced(name: string, key: string | symbol): SessionError {
  return invalidArgument(
    `${name}.${String(key)}: a decorator above \`@VerifySession()\` replaces the method, and what \`@VerifySession()\` says is lost: write it above that decorator`,
  );
}

/** Nest's own decorators are not inherited by a method that overrides another either. */
function overridden(name: string, key: string | symbol): SessionError {
  return invalidArgument(
    `${name}.${String(key)} overrides a method with \`@VerifySession()\`, which it does not inherit: repeat it there, or write \`@PublicAccess()\` if everybody may call it`,
  );
}

/** Notes the options of a route's guard, or of all of a controller's; those of several, and of the class it extends, count together. */
export function guardedWith(options: VerifySessionOptions): ClassDecorator & MethodDecorator {
  return guarding(options);
}

/** A route, or a controller, that {@link SessionGuard} lets everybody into. `VerifySession` on a route undoes that of its controller. */
export function PublicAccess(): ClassDecorator & MethodDecorator;
export function PublicAccess(...given: unknown[]): ClassDecorator & MethodDecorator {
  assertCalled("PublicAccess", given);
  return guarding(PUBLIC);
}

/** Of each route and controller, whose decorators have all run by the time the application starts. */
const known = new WeakMap<Handler, Map<Controller, VerifySessionOptions | undefined>>();

/** What the guard has to do for this route; undefined when nothing. The same object whenever it is asked for. */
export function guardingOf(handler: Handler, controller: Controller): VerifySessionOptions | undefined {
  const ofHandler = known.get(handler);
  if (ofHandler?.has(controller)) return ofHandler.get(controller);
  const options = read(handler, controller);
  known.set(handler, new Map(ofHandler).set(controller, options));
  return options;
}

function read(handler: Handler, controller: Controller): VerifySessionOptions | undefined {
  const of = (target: object) => Reflect.getMetadata(GUARD, target) as Guarding | undefined;
  const onMethod = of(handler);
  const onClass = of(controller);
  if (onMethod === PUBLIC || (onMethod === undefined && onClass === PUBLIC)) return undefined;
  return mergeOptions(onClass === PUBLIC ? undefined : onClass, onMethod);
}

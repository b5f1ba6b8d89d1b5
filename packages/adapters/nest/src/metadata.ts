import type { VerifySessionOptions } from "@acme/session-core";
import type { ExecutionContext } from "@nestjs/common";
import { mergeOptions } from "./merge-options.js";

/** Metadata of a class or method: the options of its guard, or that it needs none. */
const GUARD = "acme.session.guard";
const PUBLIC = "public";

type Guarding = VerifySessionOptions | typeof PUBLIC;
export type Handler = ReturnType<ExecutionContext["getHandler"]>;
export type Controller = ReturnType<ExecutionContext["getClass"]>;

function guarding(value: Guarding): ClassDecorator & MethodDecorator {
  return ((target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
    Reflect.defineMetadata(GUARD, value, descriptor === undefined ? target : (descriptor.value as object));
  }) as ClassDecorator & MethodDecorator;
}

/** Notes the options of a route's guard, or of all of a controller's. */
export function guardedWith(options: VerifySessionOptions): ClassDecorator & MethodDecorator {
  return guarding(options);
}

/** A route, or a controller, that {@link SessionGuard} lets everybody into. `VerifySession` on a route undoes that of its controller. */
export function PublicAccess(): ClassDecorator & MethodDecorator {
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

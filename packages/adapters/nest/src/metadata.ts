import type { VerifySessionOptions } from "@acme/session-core";
import type { ExecutionContext } from "@nestjs/common";
import { mergeOptions } from "./merge-options.js";

/** Metadata of a class or method: the options of its guard, or that it needs none. */
const GUARD = "acme.session.guard";
const PUBLIC = "public";

type Guarding = VerifySessionOptions | typeof PUBLIC;

function guarding(value: Guarding): ClassDecorator & MethodDecorator {
  return ((target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
    Reflect.defineMetadata(GUARD, value, descriptor === undefined ? target : (descriptor.value as object));
  }) as ClassDecorator & MethodDecorator;
}

/** Options of {@link SessionGuard} for a route, or for all routes of a controller; a route's come on top of its controller's. */
export function VerifySession(options: VerifySessionOptions = {}): ClassDecorator & MethodDecorator {
  return guarding(options);
}

/** A route, or a controller, that {@link SessionGuard} lets everybody into. `VerifySession` on a route undoes that of its controller. */
export function PublicAccess(): ClassDecorator & MethodDecorator {
  return guarding(PUBLIC);
}

/** What the guard has to do for this route; undefined when nothing. */
export function guardingOf(context: ExecutionContext): VerifySessionOptions | undefined {
  const read = (target: object) => Reflect.getMetadata(GUARD, target) as Guarding | undefined;
  const onMethod = read(context.getHandler());
  const onClass = read(context.getClass());
  if (onMethod === PUBLIC || (onMethod === undefined && onClass === PUBLIC)) return undefined;
  return mergeOptions(onClass === PUBLIC ? undefined : onClass, onMethod);
}

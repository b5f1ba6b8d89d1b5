import { Writable } from "node:stream";

const DELIMITER = Buffer.alloc(8);

/** What Lambda's Node.js runtime puts into the global scope, with its habits. */
interface RuntimeStream extends Writable {
  beforeFirstWrite: (() => void) | undefined;
}

(globalThis as { awslambda?: unknown }).awslambda = {
  streamifyResponse: (handler: unknown) => handler,
  HttpResponseStream: {
    from(stream: RuntimeStream, metadata: object): RuntimeStream {
      stream.beforeFirstWrite = () => {
        stream.beforeFirstWrite = undefined;
        stream.write(JSON.stringify(metadata));
        stream.write(DELIMITER);
      };
      return stream;
    },
  },
};

/**
 * A response stream as the runtime has it: the metadata goes out with the first `write`, and never with `end` alone. The
 * service's end of it reads the metadata up to eight zero bytes and sends everything after them on.
 */
export function openResponseStream(onHead: (metadata: unknown) => void, body: Writable): Writable {
  let before: Buffer | undefined = Buffer.alloc(0);
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (before === undefined) {
        body.write(chunk, done);
        return;
      }
      before = Buffer.concat([before, chunk]);
      const at = before.indexOf(DELIMITER);
      if (at !== -1) {
        const metadata: unknown = JSON.parse(before.subarray(0, at).toString("utf8"));
        const rest = before.subarray(at + DELIMITER.length);
        before = undefined;
        onHead(metadata);
        if (rest.length > 0) body.write(rest);
      }
      done();
    },
    final(done) {
      body.end(done);
    },
  }) as RuntimeStream;
  // A connection that the service has cut off; nobody is left to hear of it.
  stream.on("error", () => {});
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = ((...args: unknown[]) => {
    stream.beforeFirstWrite?.();
    return write(...args);
  }) as typeof stream.write;
  return stream;
}

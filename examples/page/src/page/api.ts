/** An answer of the example's API. */
export interface ApiAnswer<T> {
  status: number;
  body: T;
}

/** Calls the API; the client, which has replaced `fetch`, refreshes when it has to. */
export async function api<T = Record<string, unknown>>(
  method: "GET" | "POST",
  path: string,
  body?: unknown,
): Promise<ApiAnswer<T>> {
  const response = await fetch(path, {
    method,
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as T };
}

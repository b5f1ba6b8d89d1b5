/** What a bare fetch handler lacks on every host. */
export const NO_CORS = { cors: "a bare handler has no CORS layer; the host's is put around it" };

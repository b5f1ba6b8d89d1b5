/** Every answer of ours that a client can meet, byte for byte: the same from every adapter. */
export const canonicalAnswers = {
  tryRefreshToken: { status: 401, body: '{"message":"try refresh token"}' },
  unauthorised: { status: 401, body: '{"message":"unauthorised"}' },
  tokenTheftDetected: { status: 401, body: '{"message":"token theft detected"}' },
  originNotAllowed: { status: 403, body: '{"message":"origin not allowed"}' },
  /** From the fixture's route for administrators. */
  roleIsMissing: {
    status: 403,
    body: '{"message":"invalid claim","claimValidationErrors":[{"id":"role","reason":{"message":"wrong value","expectedValue":"admin"}}]}',
  },
  storeUnavailable: { status: 503, body: '{"message":"session store unavailable"}' },
  refreshed: { status: 200, body: "{}" },
  signedOut: { status: 200, body: '{"status":"OK"}' },
} as const;

export const CANONICAL_CONTENT_TYPE = "application/json; charset=utf-8";

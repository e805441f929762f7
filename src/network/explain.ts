/** Why a request got no answer, in words; `mend` if it will not get one before a person has done something. */
export interface NetworkTrouble {
  readonly kind: "retry" | "mend";
  /** Readable after the address: "cannot be reached: ECONNREFUSED". */
  readonly reason: string;
  readonly cure: string;
}

const RETRY = "see that the network, and the proxy if there is one, let it through; then try again";

/** Errors of OpenSSL by which Node says that it does not know who signed a certificate. */
const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]);

/** What an error of `fetch` means. It is a bare "fetch failed": what happened is one or two causes deep. */
export function explainNetworkError(error: unknown): NetworkTrouble {
  const { code, message } = innermost(error);
  if (code !== null && UNTRUSTED.has(code)) {
    return {
      kind: "mend",
      reason: `has a certificate of an authority that is not known here (${code})`,
      cure: "name the site's authority in github.ca or NODE_EXTRA_CA_CERTS",
    };
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return { kind: "retry", reason: `has no address here (${code})`, cure: RETRY };
  }
  const proxy = /Proxy response \((\d+)\)/.exec(message)?.[1];
  if (proxy !== undefined) {
    const cure = "see that https_proxy is right, with user and password if the proxy wants them";
    return { kind: "mend", reason: `is not let through by the proxy (status ${proxy})`, cure };
  }
  return { kind: "retry", reason: `cannot be reached: ${code ?? message}`, cure: RETRY };
}

function innermost(error: unknown): { readonly code: string | null; readonly message: string } {
  let code: string | null = null;
  let message = String(error);
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    message = cause.message;
    if ("code" in cause && typeof cause.code === "string") code = cause.code;
    cause = cause.cause;
  }
  return { code, message };
}

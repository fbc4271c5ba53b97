// Refusals and silence of an S3 server, in words without keys.
import { codeOf, DistilleryError, reasonOf } from "../../support/errors.ts";
import type { S3Settings } from "./s3-settings.ts";

/** An answer that has been read to its end. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** A field of the XML that errors come in. */
const fieldOf = ({ bytes }: S3Answer, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(Buffer.from(bytes).toString("utf8"))?.[1];

export const codeIn = (answer: S3Answer): string | undefined => fieldOf(answer, "Code");

const skew = ({ headers }: S3Answer): string => {
  const seconds = Math.round((Date.now() - Date.parse(headers.get("date") ?? "")) / 1000);
  const by = Number.isNaN(seconds)
    ? "wrong"
    : `${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the server's`;
  return `this machine's clock is ${by}; set it by a time server`;
};

const why = ({ bucket, region }: S3Settings, answer: S3Answer): string => {
  const code = codeIn(answer);
  switch (code) {
    case "NoSuchBucket":
      return `there is no bucket ${bucket}; make it, or correct its name or AWS_ENDPOINT_URL_S3`;
    case "RequestTimeTooSkewed":
      return skew(answer);
    case "InvalidAccessKeyId":
    case "SignatureDoesNotMatch":
    case "InvalidToken":
    case "ExpiredToken":
      return `its keys are refused (${code}); correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile that holds them`;
    case "PermanentRedirect":
    case "AuthorizationHeaderMalformed":
      return `it is not in the region ${region}; set AWS_REGION to ${answer.headers.get("x-amz-bucket-region") ?? fieldOf(answer, "Region") ?? "its own"}`;
  }
  if (answer.status === 403)
    return `no rights (403${code ? `, ${code}` : ""}); its keys need s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket`;
  const said = [code, fieldOf(answer, "Message")].flatMap((part) => part ?? []).join(": ");
  return `it answered ${answer.status}${said === "" ? "" : ` (${said})`}; see whether AWS_ENDPOINT_URL_S3 is an S3 server`;
};

/** The error for an answer that is none of those that were asked for. */
export const refusal = (settings: S3Settings, answer: S3Answer): DistilleryError =>
  new DistilleryError("ARTEFACTS", `${settings.address}: ${why(settings, answer)}`);

/** The error where no whole answer came, also when asked again. */
export const silence = ({ address, url }: S3Settings, cause: unknown): DistilleryError => {
  const deepest = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const said = codeOf(deepest) || reasonOf(deepest);
  return new DistilleryError(
    "ARTEFACTS",
    `${address}: no answer from ${new URL(url).host} (${said}), also when asked again; see whether it runs, and whether AWS_ENDPOINT_URL_S3 is right`,
    { cause },
  );
};

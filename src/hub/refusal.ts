// Refusals and silence of the Hub, in words.
import { HubApiError } from "@huggingface/hub";
import { DistilleryError } from "../support/errors.ts";
import { reasonOf } from "../support/files.ts";
import { hubUrl } from "./hub-url.ts";

/** The status that the Hub answered with; undefined where it did not answer. */
export const statusOf = (cause: unknown): number | undefined =>
  cause instanceof HubApiError ? cause.statusCode : undefined;

const why = (name: string, cause: unknown): string => {
  const status = statusOf(cause);
  switch (status) {
    case 401:
      return `the token is refused (401): it is wrong or has expired; make another at ${hubUrl()}/settings/tokens and put it into HF_TOKEN`;
    case 403:
      return `the token may not write to ${name} (403): give it the permission, or push to a name of your own`;
    case undefined: {
      const deeper = cause instanceof Error && cause.cause !== undefined ? `: ${reasonOf(cause.cause)}` : "";
      return `it does not answer (${reasonOf(cause)}${deeper}), also when asked again; try later, or see whether HF_ENDPOINT and HTTPS_PROXY are right`;
    }
    default:
      return `it answered ${status} (${reasonOf(cause)})${status === 429 || status >= 500 ? ", also when asked again; try later" : ""}`;
  }
};

/** The error of a push to the data set `name` that the Hub did not take. */
export const refusal = (name: string, cause: unknown): DistilleryError =>
  new DistilleryError("HUB", `${hubUrl()}: ${why(name, cause)}; nothing was committed, the same command pushes again`, {
    cause,
  });

// The address of the Hugging Face Hub.

/** The Hub, or the mirror that HF_ENDPOINT names in Node, without a slash at the end. */
export const hubUrl = (): string =>
  (globalThis.process?.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");

// Numbers and bytes as plain text for people; marks outside ASCII are those that `toAscii` knows.

/** A whole number in groups of three, e.g. "50,000". */
export const formatCount = (count: number): string =>
  Number.isFinite(count) ? Math.round(count).toLocaleString("en-US") : "unknown";

/** `1 image`, `2 images`, `1,750 images`. */
export const plural = (count: number, noun: string, several = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : several}`;

/** Three significant digits, without an exponent and never fewer digits than the whole part has. */
const threeDigits = (value: number): string => {
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return value.toFixed(decimals);
};

/** Bytes in decimal units, 1 KB = 1000 bytes, e.g. "812 bytes", "186 KB", "44.7 MB". */
export const formatBytes = (bytes: number): string => {
  if (!Number.isFinite(bytes)) return "unknown";
  if (bytes < 1000) return plural(Math.round(bytes), "byte");
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)} ${units[unit]}`;
};

/** A duration, e.g. "0.42 s", "12.3 s", "3 min 12 s", "2 h 05 min". */
export const formatSeconds = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds < 9.95) return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
};

/** A share, 1 = all, as per cent with two significant digits below ten, e.g. "0.13 %", "29 %", "< 0.01 %". */
export const formatShare = (share: number): string => {
  if (!Number.isFinite(share)) return "unknown";
  const percent = share * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "< 0.01 %";
  const decimals = percent < 0.995 ? 2 : percent < 9.95 ? 1 : 0;
  return `${percent.toFixed(decimals)} %`;
};

/** One decimal, without a minus before zero. Accuracies and their differences are never known better than that. */
export const formatTenth = (value: number): string => {
  if (!Number.isFinite(value)) return "unknown";
  const text = Math.abs(value).toFixed(1);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};

/** A difference in percentage points with its sign, e.g. "+1.4", "−42.8", "0.0". */
export const formatSigned = (value: number): string => {
  const text = formatTenth(value);
  return value > 0 && text !== "0.0" && text !== "unknown" ? `+${text}` : text;
};

/** A short number for an axis or a hover text, e.g. "0", "0.02", "1.5", "25k", "2e-5". */
export const formatShort = (value: number): string => {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e7) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  if (size >= 1e4) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
};

const asciiMarks: Readonly<Record<string, string>> = { "±": "+/-", "−": "-", "×": "x", "·": "|", "–": "-", "’": "'" };

/** Our own marks in ASCII, for output that is piped; names that the user gave are left as they are. */
export const toAscii = (text: string): string => text.replace(/[±−×·–’]/g, (mark) => asciiMarks[mark] ?? mark);

/** Text from files and folders with `?` for what would steer a terminal: control characters, and those that turn text about. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "?");

/** "a", "a and b", "a, b and c". */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** A word of a POSIX shell. */
export const shellWord = (word: string): string =>
  /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

// Files that systems leave in folders unasked.

/** Names, in lower case, of files and folders that systems put into any folder a person opens, and into whole disks. */
const names: ReadonlySet<string> = new Set([
  ".ds_store",
  ".localized",
  "icon\r",
  ".spotlight-v100",
  ".trashes",
  ".fseventsd",
  ".directory",
  "thumbs.db",
  "ehthumbs.db",
  "desktop.ini",
  "lost+found",
  "system volume information",
  "$recycle.bin",
]);

/** True for what macOS, Windows and Linux desktops leave in folders unasked: it belongs to nobody, and is no damage. */
export const isLitter = (name: string): boolean => names.has(name.toLowerCase()) || name.startsWith("._");

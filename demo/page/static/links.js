// Where links lead: those to a message of this workspace, and the page's own address.

const MESSAGE = /^https:\/\/contoso\.slack\.com\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:\?(.*))?$/;

export function addressed(href) {
  const found = MESSAGE.exec(href);
  if (!found) return null;
  const [, channel, seconds, number, query = ""] = found;
  return { channel, ts: `${seconds}.${number}`, parent: new URLSearchParams(query).get("thread_ts") ?? "" };
}

// The person, the place and the thread in it; nothing of an address that was cut off in the middle of a sign.
export function toldBy(hash) {
  try {
    return decodeURIComponent(hash.slice(1)).split("/");
  } catch {
    return [];
  }
}

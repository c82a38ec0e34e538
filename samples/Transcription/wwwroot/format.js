// Numbers and times in words.
export const number = value => Number(value).toLocaleString("en", { maximumFractionDigits: 2 });
export const money = (value, currency) => Number(value).toLocaleString("en", { style: "currency", currency, maximumFractionDigits: 4 });
export const plural = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

export function size(bytes) {
  const units = ["bytes", "KB", "MB", "GB"];
  let step = 0;
  while (bytes >= 1024 && step < units.length - 1) { bytes /= 1024; step++; }
  return `${step === 0 ? bytes : Number(bytes.toPrecision(3))} ${units[step]}`;
}

export function clock(seconds) {
  const whole = Math.round(seconds);
  const two = value => String(value).padStart(2, "0");
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}` : `${Math.floor(whole / 60)}:${two(whole % 60)}`;
}

export const cueTime = seconds => `${clock(Math.floor(seconds))}.${Math.floor((seconds % 1) * 10)}`;

export const ordinal = count => `${count}${["th", "st", "nd", "rd"][count % 100 > 10 && count % 100 < 14 ? 0 : Math.min(count % 10, 4) % 4]}`;

/** A day in the account's own zone. */
export const day = (time, timeZone, options = {}) => new Date(time).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone, ...options });

export const moment = (time, timeZone) => new Date(time).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone });

export function until(time, now) {
  const hours = (new Date(time) - new Date(now)) / 3_600_000;
  if (hours < 1) return "within the hour";
  return hours < 48 ? `in ${plural(Math.round(hours), "hour")}` : `in ${plural(Math.floor(hours / 24), "day")}`;
}

// What the call has cost so far, in one line.

import { COST, STAGE_OF } from "./strings.js";

const LEAST = 0.0001; // smaller sums are not written out

/**
 * The line for one `rejoinder.cost` message and what is behind it, {text, details}; null when it
 * says nothing that can be shown. `line` is a way to write it of `COST`.
 */
export function costLine({ sums, engines, complete, estimated, prices_of: date }, line) {
  const lines = engines.filter((e) => Object.hasOwn(STAGE_OF, e?.stage));
  if (!lines.length) return null;
  const known = Array.isArray(sums) ? sums.filter(isMoney) : [];
  const unknown = lines.filter((e) => e.unpriced > 0).map(label);
  const parts = [];
  if (known.length) {
    const all = known.map((s) => money(s.currency, s.amount)).join(" + ");
    parts.push(complete === true ? COST.sum(all, estimated === true) : COST.atLeast(all));
    const thrown = known.filter((s) => Number.isFinite(s.thrown_away) && s.thrown_away > 0);
    if (thrown.length) {
      parts.push(COST.thrown(thrown.map((s) => money(s.currency, s.thrown_away)).join(" + ")));
    }
  } else if (!unknown.length) {
    parts.push(COST.own);
  }
  if (unknown.length) parts.push(COST.unknown(unknown.join(", ")));
  const details = lines.map((e) =>
    COST.used(STAGE_OF[e.stage], label(e), amounts(e.used), amounts(e.thrown_away)),
  );
  if (typeof date === "string" && date) details.push(COST.pricesOf(date));
  return { text: line(parts.join("; ")), details };
}

/** Show a line of `costLine` in a <details> element; null hides it. */
export function showCost(place, cost) {
  const entries = (cost?.details ?? []).map((detail) => {
    const entry = document.createElement("li");
    entry.textContent = detail;
    return entry;
  });
  place.querySelector("summary").textContent = cost?.text ?? "";
  place.querySelector("ul").replaceChildren(...entries);
  place.hidden = !cost;
}

function isMoney(sum) {
  return typeof sum?.currency === "string" && Number.isFinite(sum.amount);
}

function money(currency, amount) {
  if (amount > 0 && amount < LEAST) return COST.under(`${currency} ${LEAST}`);
  return `${currency} ${amount.toFixed(amount < 1 ? 4 : 2)}`;
}

function label({ engine, model }) {
  return [engine, model].filter((name) => typeof name === "string" && name).join(" · ");
}

function amounts(used) {
  const counted = Object.entries(used ?? {}).filter(([kind, n]) => Object.hasOwn(COST.amounts, kind) && n > 0);
  return counted.map(([kind, n]) => COST.amounts[kind](n)).join(", ");
}

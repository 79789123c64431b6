// livekit-client's own way to a token, as pages and apps have it:
//   node token_source.mjs LIBRARY ENDPOINT OPTIONS SECRET
// Prints a JSON list: what it was given at first, what at a second time, and its refusal.
import { createRequire } from "node:module";

const [library, endpoint, options, secret] = process.argv.slice(2);
const { TokenSource } = createRequire(import.meta.url)(library);
const wanted = JSON.parse(options);
const headers = { Authorization: `Bearer ${secret}` };
const source = TokenSource.endpoint(endpoint, { headers });
const first = await source.fetch(wanted);
const second = await source.fetch(wanted);
const refused = await TokenSource.endpoint(endpoint)
  .fetch(wanted)
  .then(() => "", (error) => error.message);
console.log(JSON.stringify([first, second, refused]));

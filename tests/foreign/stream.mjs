// Clients that write a request in pieces: Node then sends it in chunks, because it does not know its length.
//
// Usage: node stream.mjs URL KEY
// Prints one line of JSON for each call: its name, the HTTP status and the body of the response.

import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const [url, key] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

async function call(name, path, headers, pieces) {
  const answer = new Promise((resolve, reject) => {
    const request = http.request(url + path, { method: "POST", headers, agent, timeout: 20000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => (body += piece));
      response.on("end", () => resolve({ call: name, status: response.statusCode, type: response.headers["content-type"], body }));
    });
    request.on("error", reject);
    (async () => {
      for (const piece of pieces) {
        request.write(piece);
        await pause(1);
      }
      request.end();
    })();
  });
  console.log(JSON.stringify(await answer));
}

function* cut(text, size) {
  // Through characters, as a stream of bytes does.
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const xml = `<REQUEST><ACTION>sendMMS</ACTION><API_KEY>${key}</API_KEY><TO>15551234888</TO><FROM>60856</FROM>
  <SUBJECT>Free</SUBJECT><NAME>n</NAME><SLIDE><TEXT>Grüße 🎉</TEXT></SLIDE></REQUEST>`;
const sinch = `<request><action>sendMMS</action><api-key>${key}</api-key><to>15551234888</to><from>60856</from>
  <service-id>12345</service-id><message-subject>Free</message-subject><name>n</name>
  <slide><message-text>Grüße 🎉</message-text></slide><fallback-sms-text>f</fallback-sms-text></request>`;
const message = {
  action: "sendmms", to: "15551234888", from: "60856", "service-id": "12345", "message-subject": "Free",
  "fallback-sms-text": "f", slide: [{ "message-text": "Grüße 🎉" }],
};
const form = new URLSearchParams({ xml }).toString();
const wxml = "/API/wxml/1.3/index.php";

await call("skycore bare", wxml, { "Content-Type": "text/xml" }, cut(xml, 11));
await call("skycore form", wxml, { "Content-Type": "application/x-www-form-urlencoded" }, cut(form, 97));
await call("sinch", "/ep/v1/", { "Content-Type": "text/xml; charset=utf-8" }, cut(sinch, 13));
await call("sinch-json", "/ep/v2/", { "Content-Type": "application/json", "X-Api-Key": key }, cut(JSON.stringify(message), 17));
const boundary = "----node";
const multipart = `--${boundary}\r\nContent-Disposition: form-data; name="xml"\r\n\r\n${xml}\r\n--${boundary}--\r\n`;
await call("skycore multipart", wxml, { "Content-Type": `multipart/form-data; boundary=${boundary}` }, cut(multipart, 50));
agent.destroy();

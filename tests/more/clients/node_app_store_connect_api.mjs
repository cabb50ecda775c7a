// Find, attach and read back with node-app-store-connect-api, over pages and TLS.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const installed = createRequire(`${process.cwd()}/`);
const { api } = await import(pathToFileURL(installed.resolve("node-app-store-connect-api")));
const { ISSUER_ID, KEY_ID, KEY_FILE, URL_OF_APPLE } = process.env;
const apple = await api({
  issuerId: ISSUER_ID,
  apiKey: KEY_ID,
  privateKey: readFileSync(KEY_FILE, "utf8"),
  urlBase: URL_OF_APPLE,
});
const { data: apps } = await apple.readAll("apps?filter[bundleId]=com.example.notes");
const app = apps.find((each) => each.attributes.bundleId === "com.example.notes");
const { data: versions } = await apple.readAll(
  `apps/${app.id}/appStoreVersions?filter[versionString]=1.4.2&filter[platform]=IOS&limit=1`,
);
const [version] = versions;
const { data: builds } = await apple.readAll(`builds?filter[app]=${app.id}&limit=1`);
const build = builds.find((each) => each.attributes.version === "231");
await apple.update(version, { relationships: { build } });
const { data: attached } = await apple.read(`appStoreVersions/${version.id}/build`);
console.log(JSON.stringify([app.id, version.id, build.id, attached.id === build.id]));

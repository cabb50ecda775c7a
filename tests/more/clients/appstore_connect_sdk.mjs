// Find, attach, read back and detach with appstore-connect-sdk.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const installed = createRequire(`${process.cwd()}/`);
const sdk = await import(pathToFileURL(installed.resolve("appstore-connect-sdk")));
const { ISSUER_ID, KEY_ID, KEY_FILE, URL_OF_APPLE } = process.env;
const client = sdk.createClient({
  issuerId: ISSUER_ID,
  privateKeyId: KEY_ID,
  privateKey: readFileSync(KEY_FILE, "utf8"),
  baseUrl: URL_OF_APPLE,
});

async function ask(operation, options) {
  const { data, error } = await operation({ client, ...options });
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

const apps = await ask(sdk.appsGetCollection, {
  query: { "filter[bundleId]": ["com.example.notes"] },
});
const app = apps.data.find((each) => each.attributes.bundleId === "com.example.notes");
const versions = await ask(sdk.appsAppStoreVersionsGetToManyRelated, {
  path: { id: app.id },
  query: { "filter[versionString]": ["1.4.2"], "filter[platform]": ["IOS"], include: ["build"] },
});
const [version] = versions.data;
const builds = await ask(sdk.buildsGetCollection, {
  query: { "filter[app]": [app.id], "filter[version]": ["231"], include: ["preReleaseVersion"] },
});
const [build] = builds.data;
const path = { id: version.id };
const link = (data) =>
  ask(sdk.appStoreVersionsBuildUpdateToOneRelationship, { path, body: { data } });
const attached = () => ask(sdk.appStoreVersionsBuildGetToOneRelationship, { path });
await ask(sdk.preReleaseVersionsGetCollection, { query: { "filter[app]": [app.id] } });
await link({ type: "builds", id: build.id });
await link(null);
if ((await attached()).data !== null) throw new Error("the build is still attached");
await link({ type: "builds", id: build.id });
console.log(JSON.stringify([app.id, version.id, build.id, (await attached()).data.id === build.id]));

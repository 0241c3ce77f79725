// Unpacks the program out of the package, with Node alone: `node unpack.js FROM TO`.
"use strict";
const fs = require("node:fs");
const { pipeline } = require("node:stream/promises");
const zlib = require("node:zlib");

const [from, to] = process.argv.slice(2);
pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to, { mode: 0o755 }));

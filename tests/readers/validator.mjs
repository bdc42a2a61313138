// SPDX-License-Identifier: GPL-3.0-or-later
// What Khronos' validator says of .glb and .vrm files: node validator.mjs FILE. One JSON object on standard output.

import fs from 'node:fs'
import validator from 'gltf-validator'

const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[2])))
process.stdout.write(JSON.stringify(report.issues))

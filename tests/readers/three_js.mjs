// SPDX-License-Identifier: GPL-3.0-or-later
// What three.js and three-vrm find in a .fbx, .glb or .vrm: node three_js.mjs FILE. One JSON object on standard output;
// arrays are base64 of float32, points in the file's unit and axes, at rest.

import fs from 'node:fs'
import { VRMLoaderPlugin } from '@pixiv/three-vrm'
import * as THREE from 'three'
import { FBXLoader } from 'three/addons/loaders/FBXLoader.js'
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js'

// A browser's share of it: pictures come as blobs, and are kept as the bytes they were.
const blobs = new Map()
const makeAddress = URL.createObjectURL
URL.createObjectURL = (blob) => {
  const address = makeAddress(blob)
  blobs.set(address, blob)
  return address
}
URL.revokeObjectURL = () => {}

class Picture extends EventTarget {
  set src(address) {
    blobs.get(address).arrayBuffer().then((bytes) => {
      this.bytes = Buffer.from(bytes)
      this.dispatchEvent(new Event('load'))
    })
  }
}
globalThis.self = globalThis.window = globalThis
globalThis.document = { createElementNS: () => new Picture() }

async function load(path) {
  const file = fs.readFileSync(path)
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.length)
  if (path.endsWith('.fbx')) {
    const pictures = new Promise((resolve) => { THREE.DefaultLoadingManager.onLoad = resolve })
    const scene = new FBXLoader().parse(bytes, '')
    await pictures
    return { scene, vrm: null }
  }
  const loader = new GLTFLoader().register((parser) => new VRMLoaderPlugin(parser))
  const gltf = await loader.parseAsync(bytes, '')
  return { scene: gltf.scene, vrm: gltf.userData.vrm }
}

const name = (node) => node.userData.originalName ?? node.userData.name ?? node.name
const packed = (values) => Buffer.from(Float32Array.from(values).buffer).toString('base64')
const flat = (attribute) => Array.from({ length: attribute.count * attribute.itemSize },
  (_, index) => attribute.getComponent(Math.floor(index / attribute.itemSize), index % attribute.itemSize))

function skinned(mesh) {
  const point = new THREE.Vector3()
  return Array.from({ length: mesh.geometry.attributes.position.count }, (_, index) =>
    mesh.getVertexPosition(index, point).applyMatrix4(mesh.matrixWorld).toArray()).flat()
}

// Expression -> the longest way that it moves a point.
function moves({ geometry, morphTargetDictionary }) {
  const { position } = geometry.attributes
  const at = new THREE.Vector3()
  const rest = new THREE.Vector3()
  return Object.fromEntries(Object.entries(morphTargetDictionary ?? {}).map(([key, index]) => {
    const target = geometry.morphAttributes.position[index]
    let longest = 0
    for (let point = 0; point < target.count; point++) {
      at.fromBufferAttribute(target, point)
      if (!geometry.morphTargetsRelative) at.sub(rest.fromBufferAttribute(position, point))
      longest = Math.max(longest, at.length())
    }
    return [key, longest]
  }))
}

const { scene, vrm } = await load(process.argv[2])
scene.updateMatrixWorld(true)
const bodies = []
const scales = []
scene.traverse((node) => {
  if (node.isSkinnedMesh) bodies.push(node)
  scales.push(...node.scale.toArray())
})
const [body] = bodies
const material = [body.material].flat()[0]
const { position, uv, skinIndex, skinWeight } = body.geometry.attributes
const maps = ['map', 'normalMap', 'roughnessMap'].filter((slot) => material[slot])
process.stdout.write(JSON.stringify({
  meshes: bodies.length,
  unitScaleFactor: scene.userData.unitScaleFactor ?? null,
  scales: [Math.min(...scales), Math.max(...scales)],
  points: packed(skinned(body)),
  uv: packed(flat(uv)),
  uvFromTop: !process.argv[2].endsWith('.fbx'),
  joints: packed(flat(skinIndex)),
  weights: packed(flat(skinWeight)),
  bones: body.skeleton.bones.map((bone) => ({
    name: name(bone),
    parent: bone.parent?.isBone ? name(bone.parent) : null,
    head: new THREE.Vector3().setFromMatrixPosition(bone.matrixWorld).toArray(),
  })),
  moves: moves(body),
  maps: Object.fromEntries(maps.map((slot) => [slot, material[slot].image.bytes.toString('base64')])),
  humanoid: vrm ? Object.fromEntries(Object.entries(vrm.humanoid.humanBones).map(([bone, { node }]) => [bone, name(node)])) : null,
}))

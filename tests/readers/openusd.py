# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenUSD finds in a .usdz: python openusd.py FILE. One JSON object on standard output, with arrays in base64.

A process of its own: Blender brings another OpenUSD along.
"""

import base64
import json
import sys

import numpy as np
from pxr import Ar, Usd, UsdGeom, UsdShade, UsdSkel, UsdValidation


def main(path):
    """Print the found."""
    stage = Usd.Stage.Open(path)
    (mesh,) = (prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh))
    binding = UsdSkel.BindingAPI(mesh)
    skeleton = UsdSkel.Cache().GetSkelQuery(binding.GetInheritedSkeleton())
    count = binding.GetJointIndicesPrimvar().GetElementSize()
    names = [str(joint) for joint in skeleton.GetJointOrder()]
    place = UsdGeom.Xformable(skeleton.GetPrim()).ComputeLocalToWorldTransform(Usd.TimeCode.Default())
    heads = [(transform * place).ExtractTranslation() for transform in skeleton.GetJointWorldBindTransforms()]
    corners = UsdGeom.Mesh(mesh).GetFaceVertexIndicesAttr().Get()
    found = {
        "up": str(UsdGeom.GetStageUpAxis(stage)),
        "metres": UsdGeom.GetStageMetersPerUnit(stage),
        "points": packed(np.array(skinned(mesh, binding, skeleton))[np.array(corners)]),
        "uv": packed(uv_of_corners(mesh)),
        "uvFromTop": False,
        "joints": packed(np.array(binding.GetJointIndicesPrimvar().Get()).reshape(-1, count)[np.array(corners)]),
        "weights": packed(np.array(binding.GetJointWeightsPrimvar().Get()).reshape(-1, count)[np.array(corners)]),
        "influences": count,
        "bones": [bone(joint, head) for joint, head in zip(names, heads, strict=True)],
        "moves": moves(stage, binding),
        "maps": maps(stage, mesh),
        "errors": [f"{error.GetName()}: {error.GetMessage()}" for error in errors(stage)],
    }
    print(json.dumps(found))


def errors(stage):
    """What OpenUSD's own validators have against it."""
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    return UsdValidation.ValidationContext(validators).Validate(stage)


def skinned(mesh, binding, skeleton):
    """Points at the default time in the stage's space, as the skeleton moves them."""
    cache = UsdSkel.Cache()
    root = UsdSkel.Root.Find(mesh)
    cache.Populate(root, Usd.PrimDefaultPredicate)
    query = cache.GetSkinningQuery(mesh)
    points = UsdGeom.Mesh(mesh).GetPointsAttr().Get()
    query.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(Usd.TimeCode.Default()), points)
    place = UsdGeom.Xformable(skeleton.GetPrim()).ComputeLocalToWorldTransform(Usd.TimeCode.Default())
    return [place.Transform(point) for point in points]


def uv_of_corners(mesh):
    """(corners, 2), whichever way they are stored."""
    primvars = UsdGeom.PrimvarsAPI(mesh).GetPrimvars()
    (uv,) = (each for each in primvars if each.GetTypeName() == "texCoord2f[]")
    return np.array(uv.ComputeFlattened())


def bone(joint, head):
    """A joint as a path is its parents and itself."""
    parent, _, name = joint.rpartition("/")
    return {"name": name, "parent": parent.rpartition("/")[2] or None, "head": list(head)}


def moves(stage, binding):
    """Blend shape -> the longest of its offsets."""
    names, targets = binding.GetBlendShapesAttr().Get() or (), binding.GetBlendShapeTargetsRel().GetTargets()
    shapes = [UsdSkel.BlendShape(stage.GetPrimAtPath(target)) for target in targets]
    reach = [float(np.linalg.norm(np.array(shape.GetOffsetsAttr().Get()), axis=1).max()) for shape in shapes]
    return dict(zip(map(str, names), reach, strict=True))


def maps(stage, mesh):
    """Input of the surface's shader -> the bytes of its picture, as base64."""
    material, _ = UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()
    surface, _, _ = material.ComputeSurfaceSource()
    found = {}
    for given in surface.GetInputs():
        for source in given.GetConnectedSources()[0]:
            picture = UsdShade.Shader(source.source.GetPrim()).GetInput("file")
            asset = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(picture.Get().resolvedPath))
            found[given.GetBaseName()] = base64.b64encode(asset.GetBuffer()).decode()
    return found


def packed(values):
    """An array as base64 of float32."""
    return base64.b64encode(np.ascontiguousarray(values, np.float32).tobytes()).decode()


main(sys.argv[1])

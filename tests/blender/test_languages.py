# SPDX-License-Identifier: GPL-3.0-or-later
"""In each language of the add-on every text is there, says the same values, and is what is drawn and reported."""

import ast
import re
import types

import bpy
import pytest

from blender_pifu import addon
from blender_pifu.addon import languages
from blender_pifu.addon.checks.check import judge
from blender_pifu.addon.export import programs
from blender_pifu.addon.export.export import unfit
from blender_pifu.addon.languages import catalogues
from blender_pifu.addon.languages.templates import PLACE, translated
from blender_pifu.addon.person.human import Human
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.ui import operators, panel, panel_rig
from blender_pifu.addon.ui import texts as ui_texts
from blender_pifu.engine.errors import InputError
from blender_pifu.engine.subject.cut_advice import _missing
from helpers import messages

LOCALES = sorted(catalogues.all_catalogues())
# The same in every language: measures, and names of programs.
KEPT = {"{} mm", "Blender", "Unreal", "Unity", "Godot", "VRM", "Mixamo", "Rigify"}


def german(message):
    """Blender's gettext where German is chosen."""
    return catalogues.for_blender()["de_DE"].get(("*", message), message)


@pytest.fixture
def in_german(monkeypatch):
    """Blender as a module may be built without languages; the catalogue stands in for what it then returns."""
    for name in ("pgettext_iface", "pgettext_tip", "pgettext_rpt"):
        assert callable(getattr(bpy.app.translations, name))
    told = types.SimpleNamespace(pgettext_iface=german, pgettext_tip=german, pgettext_rpt=german)
    app = types.SimpleNamespace(translations=told)
    monkeypatch.setattr(languages, "bpy", types.SimpleNamespace(app=app))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_of_source_and_registered_classes_is_translated(locale):
    wanted = messages.wanted() | messages.registered(addon.CLASSES)
    lacking = messages.missing(locale, {text: where for text, where in wanted.items() if text not in KEPT})
    lacking = {text: where for text, where in lacking.items() if "vendor_install.py" not in text}  # a README's
    assert not lacking, "\n".join(lacking)
    assert len(wanted) > 500


@pytest.mark.parametrize("locale", LOCALES)
def test_every_translation_is_of_a_text_that_is_there(locale):
    there = {found.message for found in messages.in_source()} | {
        messages.bare(text) for text in messages.registered(addon.CLASSES)
    }
    # A template whose value is a word of a few may be translated once for each of them.
    told = [
        re.compile(".+".join(map(re.escape, text.split("{}"))))
        for text in there
        if "{}" in text and len(text) > 6 and text != "{} and {}"
    ]
    used = [messages.bare(message) for _context, message in catalogues.all_catalogues()[locale]]
    limbs = re.compile(r"(left|right) [a-z ]+")  # made of side and part
    orphans = [
        text for text in used
        if text not in there and not limbs.fullmatch(text) and not any(each.fullmatch(text) for each in told)
    ]  # fmt: skip
    assert not orphans, "\n".join(orphans)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_has_the_values_of_its_text(locale):
    for (_context, message), text in catalogues.all_catalogues()[locale].items():
        assert sorted(PLACE.findall(message)) == sorted(PLACE.findall(text)), message
        assert message.endswith("...") == text.endswith("..."), message


def test_an_error_of_the_engine_comes_with_its_values():
    error = InputError(
        'The picture "Ann.png" is too small: 20 x 30 pixels.',
        "Choose a photo of at least 64 pixels on its shorter side; 1000 or more give a good result.",
    )
    assert translated(f"{error} {error.fix}", german) == (
        "Das Bild „Ann.png“ ist zu klein: 20 x 30 Pixel. Ein Foto mit mindestens 64 Pixeln an der kürzeren Seite "
        "wählen; 1000 oder mehr ergeben ein gutes Ergebnis."
    )


def test_a_value_that_is_a_phrase_is_translated_too():
    assert translated(_missing(["left forearm", "right hand"], True), german) == (
        "Es fehlen: linker Unterarm und rechte Hand. Die Freistellung enthält diese nicht."
    )
    line = judge("sole_left", "Left sole", True, "2.1 cm up, 14° down", 0.02)
    assert translated(line.value, german) == "2.1 cm hoch, 14° abwärts"


def test_what_no_catalogue_has_stays_as_it_is():
    for text in ("", "Ann", "A sentence of a newer engine, about nothing.", "{odd} 100%"):
        assert translated(text, german) == text
    assert translated("Cancelled. A newer engine says more.", german) == "Abgebrochen. A newer engine says more."


def test_in_english_nothing_changes():
    text = "The engine is not installed. Install it in the sidebar, tab Human."
    assert translated(text, str) == text
    assert languages.iface(text) == text  # Blender as it begins


def test_blender_gets_operators_labels_too():
    told = catalogues.for_blender()["de_DE"]
    assert told["*", "Generate Human"] == told["Operator", "Generate Human"] == "Menschen erzeugen"


def test_a_catalogue_is_read_as_gettext_writes_it(tmp_path):
    path = tmp_path / "xx.po"
    path.write_text(
        'msgid ""\nmsgstr "Language: xx\\n"\n\n# a comment\n#: file.py:1\nmsgctxt "Operator"\nmsgid ""\n"Two "\n'
        '"lines\\n"\nmsgstr "Zwei \\"Zeilen\\"\\n"\n\n#, fuzzy\nmsgid "Old"\nmsgstr "Alt"\n\n'
        'msgid "Not yet"\nmsgstr ""\n',
        encoding="utf-8",
    )
    assert catalogues.read_po(path) == {("Operator", "Two lines\n"): 'Zwei "Zeilen"\n'}
    path.write_text("msgid nothing\n", encoding="utf-8")
    with pytest.raises(catalogues.CatalogueError, match=r"xx\.po, line 1"):
        catalogues.read_po(path)


class Drawn:
    """A layout that notes the texts which it is given, as Blender would show them."""

    def __init__(self, texts):
        self.texts = texts

    def __getattr__(self, name):
        def call(*_args, text=None, translate=True, **_kwargs):
            if text:
                self.texts.append(german(text) if translate else text)
            return (self, self) if name == "panel" else self

        return call


def test_panels_are_drawn_in_german(in_german, scene, empty_home, monkeypatch):
    texts = []
    system = types.SimpleNamespace(ui_scale=1.0)  # without a window it is 0
    styles = bpy.context.preferences.ui_styles
    shown = types.SimpleNamespace(preferences=types.SimpleNamespace(system=system, ui_styles=styles))
    monkeypatch.setattr(ui_texts, "bpy", types.SimpleNamespace(context=shown, app=bpy.app))
    context = types.SimpleNamespace(
        scene=scene, window_manager=bpy.context.window_manager, preferences=bpy.context.preferences,
        region=types.SimpleNamespace(width=5000), mode="OBJECT", active_object=None, selected_objects=[],
        view_layer=bpy.context.view_layer)  # fmt: skip
    for cls in (panel.PIFU_PT_main, panel.PIFU_PT_output, panel_rig.PIFU_PT_rig):
        drawn = types.SimpleNamespace(layout=Drawn(texts))
        cls.draw(drawn, context)
    status = bpy.context.window_manager.pifu
    status.step, status.elapsed_s, status.remaining_s = "Carving the surface", 42, 90
    panel.draw_progress(Drawn(texts), status)
    assert "Die Engine ist nicht installiert." in texts
    assert "Oberfläche wird geformt" in texts
    assert "0:42, noch etwa 1:30" in texts
    assert any(text.startswith("Etwa 0:") and "GB Speicher" in text for text in texts)
    assert {"In A-Pose", "In T-Pose"} <= set(texts)
    assert "Sie erzeugt die Menschen auf diesem Computer; kein Foto verlässt ihn." in " ".join(texts)


def test_tooltips_and_reasons_are_in_german(in_german, scene, empty_home):
    said = operators.PIFU_OT_generate.description(bpy.context, None)
    assert said == "Aus dem Foto einen 3D-Menschen erstellen.\nZuerst ein Foto wählen"


ADDON = [path for path in sorted((messages.PACKAGE / "addon").rglob("*.py")) if path.name not in messages.NOT_READ]
TRANSLATES = {"iface", "tip", "rpt"}


def untranslated(path):
    """Lines of a file that draw or tell a made text without translating it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = messages.called(node)
        if name == "report" and len(node.args) == 2:
            told = node.args[1]
        elif name == "poll_message_set":
            told = node.args[0]
        elif name in ("label", "operator", "prop", "menu", "progress"):
            told = next((each.value for each in node.keywords if each.arg == "text"), None)
        else:
            continue
        if told is None or isinstance(told, ast.Call) and messages.called(told) in TRANSLATES:
            continue
        drawn_as_it_is = isinstance(told, ast.Constant) and name not in ("report", "poll_message_set")
        made_before = isinstance(told, ast.Name) and told.id in ("line", "LABEL")  # translated, or a constant
        number = isinstance(told, ast.JoinedStr) and messages.bare(messages.template(told)) == "{}"
        kind = isinstance(told, ast.IfExp) and isinstance(told.body, ast.Constant)
        if not (drawn_as_it_is or made_before or number or kind):
            yield f"{path.name}:{told.lineno}: {ast.unparse(told)}"


def test_nothing_is_drawn_or_reported_without_being_translated():
    found = [line for path in ADDON for line in untranslated(path)]
    assert not found


def test_descriptions_that_are_made_are_translated():
    for path in ADDON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "description":
                for each in ast.walk(node):
                    if isinstance(each, ast.Return):
                        assert "tip(" in ast.unparse(each), f"{path.name}:{each.lineno}"


def test_what_export_says_of_bones_is_translated(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "MIXAMO")
    for person in (Human(body, None), Human(body, body.parent)):
        text = unfit(person, programs.BY_IDENTIFIER["UNREAL"])
        assert text.endswith(".") and translated(text, german) != text

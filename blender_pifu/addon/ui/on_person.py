# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators on a person that is there share: when they can be pressed, and how their errors are told."""

from ..errors import UserError
from ..languages import rpt, tip
from ..person.human import find_person


class OnPerson:
    """An operator that works on the person whose mesh or armature is active, in object mode."""

    @classmethod
    def poll(cls, context):
        person = find_person(context) if context.mode == "OBJECT" else None
        reason = cls.obstacle(context, person) if person else "Select a human made here, in object mode"
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    @classmethod
    def obstacle(cls, _context, _person) -> str:
        """Why this cannot be done with a person, or nothing."""
        return ""

    def execute(self, context):
        try:
            self.act(context, find_person(context))
        except UserError as error:
            self.report({"ERROR"}, rpt(f"{error} {error.fix}".strip()))
            return {"CANCELLED"}
        return {"FINISHED"}

"""What the halls and the members must not read."""

from __future__ import annotations

from typing import Any

from tests.server.town import Town


async def test_excuses_are_not_told_to_the_communes_halls(town: Town) -> None:
    """A reason is often an illness; a thousand halls have it on a screen."""
    meeting_id = await town.meeting(convene=True)
    secretary, commune = await town.caller("secretary"), await town.caller("commune")
    reason = "Đi khám bệnh tại Bệnh viện K"
    await secretary.done(meeting_id, "excuse", person_id=str(town.people["member"]), reason=reason)
    assert reason not in (await commune.get(f"/api/meetings/{meeting_id}/room")).content.decode()
    assert reason not in (await commune.get(f"/api/meetings/{meeting_id}/journal")).content.decode()


async def test_the_central_bridge_does_not_read_corrections_of_the_minutes(town: Town) -> None:
    """It has no right to read the minutes, yet every corrected sentence is in its journal."""
    meeting_id, said = await _corrected(town)
    central = await town.caller("central")
    assert (await central.get(f"/api/meetings/{meeting_id}/minutes")).status == 403
    assert said not in (await central.get(f"/api/meetings/{meeting_id}/journal?after=10")).content.decode()


async def test_a_member_does_not_read_the_draft_through_the_journal(town: Town) -> None:
    """The draft's text is for those who work on it; the journal gives its corrections to everyone."""
    meeting_id, said = await _corrected(town)
    member = await town.caller("member")
    assert (await member.get(f"/api/meetings/{meeting_id}/minutes")).json["minutes"] is None
    assert said not in (await member.get(f"/api/meetings/{meeting_id}/journal?after=10")).content.decode()


async def _corrected(town: Town) -> tuple[str, str]:
    meeting_id = await town.closed_meeting()
    secretary = await town.caller("secretary")
    await secretary.done(meeting_id, "compile_minutes")
    minutes = (await secretary.get(f"/api/meetings/{meeting_id}/minutes")).json
    found = _paragraph(minutes["minutes"])
    said = "Câu này còn đang cân nhắc trước khi ký"
    version = minutes["status"]["version"]
    await secretary.done(meeting_id, "correct_minutes", version=version, paragraph_id=found, text=said)
    return meeting_id, said


def _paragraph(value: Any) -> str:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str) and isinstance(value.get("text"), str):
            return str(value["id"])
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            if found := _paragraph(part):
                return found
    return ""

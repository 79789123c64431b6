"""Carries out a plan at LiveKit."""

from collections.abc import AsyncIterator, Sequence

from livekit import api

from agent.errors import RejoinderError
from rejoinder.phone.inventory import reason
from rejoinder.phone.plan import Step


async def carry_out(livekit: api.LiveKitAPI, plan: Sequence[Step]) -> AsyncIterator[Step]:
    """Do each step of a plan that changes something; gives each when it is done.

    Raises:
        RejoinderError: the server refuses a step; those before it are done, and doing the whole
            again goes on from there.
    """
    ids = {step.info.name: step.id for step in plan if step.kind == "inbound trunk"}
    for step in plan:
        if not step.changes:
            continue
        try:
            made = await _do(livekit, step, trunk_id=ids.get(step.trunk, ""))
        except api.ServerError as error:
            if error.status >= 500 or error.status in (401, 403):
                raise
            raise RejoinderError(
                f"{step.action} {step.kind} {step.info.name}: LiveKit refuses: {reason(error)}"
            ) from error
        if isinstance(made, api.SIPInboundTrunkInfo):
            ids[step.info.name] = made.sip_trunk_id
        yield step


async def _do(
    livekit: api.LiveKitAPI, step: Step, *, trunk_id: str
) -> api.SIPInboundTrunkInfo | None:
    """One step; gives an inbound trunk, which rules need."""
    sip, info = livekit.sip, step.info
    if isinstance(info, api.SIPDispatchRuleInfo):
        if step.action == "delete":
            await sip.delete_dispatch_rule(
                api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=step.id)
            )
            return None
        info.trunk_ids[:] = [trunk_id]
        if step.action == "create":
            await sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=info))
        else:
            await sip.update_dispatch_rule(step.id, info)
    elif step.action == "delete":
        await sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=step.id))
    elif isinstance(info, api.SIPInboundTrunkInfo):
        if step.action == "create":
            return await sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=info))
        return await sip.update_inbound_trunk(step.id, info)
    elif step.action == "create":
        await sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=info))
    else:
        await sip.update_outbound_trunk(step.id, info)
    return None

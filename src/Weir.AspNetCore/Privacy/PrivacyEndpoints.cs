using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Erasing personal data (PRIV-1).</summary>
internal static class PrivacyEndpoints
{
    private const string Description =
        "What is held is released and waiting jobs are sent away. The ledger keeps its entries and totals under random ids. Once the answer says complete, no file of the store has a byte of what was erased. A repeat changes nothing: erased is false, as for a name that never was.";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Privacy");
        group.MapDelete("/accounts/{key}/personal-data", (Delegate)EraseAccountAsync).RequireScope(KeyScopes.Admin).MayTakeLong()
            .WithName("eraseAccount").WithSummary("Erase an account: names, keys, contacts, tokens, addresses, free properties")
            .WithDescription(Description + " A later event under the same key makes a new account.").Produces<EraseAnswer>();
        group.MapDelete("/accounts/{key}/users/{user}/personal-data", (Delegate)EraseUserAsync).RequireScope(KeyScopes.Admin).MayTakeLong()
            .WithName("eraseUser").WithSummary("Erase one user of an account")
            .WithDescription(Description + " A later event of the same user makes a new one.").Produces<EraseAnswer>();
    }

    private static Task EraseAccountAsync(HttpContext context, PrivacyService privacy) => EraseAsync(context, privacy, null);

    private static Task EraseUserAsync(HttpContext context, PrivacyService privacy) => EraseAsync(context, privacy, RequestPath.Key(context, "user", "The key of a user"));

    private static async Task EraseAsync(HttpContext context, PrivacyService privacy, string? user)
    {
        AccountKey account = RequestPath.Account(context);
        // Once begun it goes on, whether or not the caller stays to hear of it.
        EraseResult result = await privacy.EraseAsync(context.Workspace(), account, user, context.Actor(), CancellationToken.None).WaitAsync(context.DeadlinePassed());
        await JsonBody.WriteAsync(context, new EraseAnswer(result.Erased, result.Complete, result.Reservations));
    }
}

/// <param name="Erased">False when nobody of this name was there.</param>
/// <param name="Complete">No file of the store has a byte of it any more; false while somebody still reads the state before: repeat it.</param>
/// <param name="Reservations">Open reservations that were released.</param>
internal sealed record EraseAnswer(bool Erased, bool Complete, int Reservations);

using System.Security.Claims;

using Microsoft.Extensions.Options;

using Weir;
using Weir.AspNetCore;
using Weir.Engine;

namespace Transcription;

/// <param name="ChangePlans">Users may move to another plan by themselves.</param>
/// <param name="Transcriber">Which one works here: <c>openai</c> or <c>silence</c>.</param>
internal sealed record SessionView(string User, string Name, string TimeZone, bool ChangePlans, string Transcriber);

internal sealed record DemoUser(string User, string Name, string TimeZone, string? Plan, string Token);

internal sealed record PlanRequest(string Plan);

/// <summary>The users' accounts: each has his own zone, anchor and plan before his first job.</summary>
internal sealed class Accounts(
    IOptionsMonitor<UserTokenOptions> tokens, AccountService accounts, StoreLifetime lifetime, ITranscriber transcriber, AccountPolicy policy) : IHostedService
{
    /// <summary>Makes the accounts that do not exist yet; those that do keep what they have become.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (UserToken user in All)
        {
            AccountKey key = new(user.User);
            if (await accounts.FindAsync(lifetime.Default.Id, key, cancellationToken) is null)
            {
                AccountChange change = new() { Plan = user.Plan, Zone = user.Zone, Anchor = user.AnchorTime };
                Outcome outcome = await accounts.PutAsync(lifetime.Default.Id, key, change, new ProfileChange { Name = user.Name }, AuditActor.Host, cancellationToken);
                if (!outcome.Allowed)
                {
                    throw new InvalidOperationException($"The account of '{user.User}' cannot be made: {outcome.Failure?.Message}");
                }
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public static void Map(RouteGroupBuilder api, bool isDemo)
    {
        api.MapGet("/session", (ClaimsPrincipal user, Accounts all) => all.SessionOf(user.Key())).WithTags("Session");
        api.MapPut("/plan", (PlanRequest request, ClaimsPrincipal user, Accounts all, CancellationToken cancellationToken) => all.ChangePlanAsync(user.Key(), request.Plan, cancellationToken)).WithTags("Session");
        if (isDemo)
        {
            // Their tokens are no secrets: they stand in the repository.
            api.MapGet("/demo/users", (Accounts all) => all.All.Select(user => new DemoUser(user.User, user.Name ?? user.User, user.TimeZone, user.Plan, user.Token)))
                .AllowAnonymous().WithTags("Session");
        }
    }

    private IReadOnlyList<UserToken> All => tokens.Get(UserTokenAuthentication.Name).Users;

    private IResult SessionOf(string key)
    {
        UserToken user = All.First(user => user.User == key);
        return Results.Ok(new SessionView(key, user.Name ?? key, user.TimeZone, policy.ChangePlans, transcriber.Name));
    }

    /// <summary>Moves no money; where plans are sold, the payment comes before this.</summary>
    private async Task<IResult> ChangePlanAsync(string user, string plan, CancellationToken cancellationToken)
    {
        if (!policy.ChangePlans)
        {
            return new Problem(StatusCodes.Status403Forbidden, "forbidden", "Plans are changed by the operator", "Ask the operator of this service for another plan.");
        }

        Outcome outcome = await accounts.ChangeAsync(lifetime.Default.Id, new AccountKey(user), new AccountChange { Plan = plan }, null, create: false, AuditActor.OfHost(user), cancellationToken);
        return outcome.Failure is { } failure ? Problem.Of(failure) : Results.NoContent();
    }
}

/// <param name="ChangePlans">Whether users may move to another plan by themselves: <c>Transcription:ChangePlans</c>.</param>
internal sealed record AccountPolicy(bool ChangePlans);

using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What a caller needs for an endpoint. Every endpoint of the API has one; without it the guard refuses everybody.</summary>
/// <param name="Operator">Only the server's operator: an admin of the workspace <c>default</c>.</param>
public sealed record ScopeMetadata(KeyScopes Scope, bool Operator = false);

/// <summary>What a portal token may do with an endpoint; without it, nothing.</summary>
public enum PortalUse
{
    /// <summary>It may call the endpoint with its own account in the path; any other account is unknown to it.</summary>
    OwnAccount,

    /// <summary>Nobody else may call the endpoint, because the token says whose account it is about.</summary>
    Only,
}

public sealed record PortalMetadata(PortalUse Use);

/// <summary>
/// Stands before every endpoint of the API: finds out who calls, checks the scope, and turns whatever goes wrong into a problem document.
/// </summary>
internal static class Guard
{
    private const string Bearer = "Bearer ";

    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, KeyScopes scope)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ScopeMetadata(scope));

    public static TBuilder RequireOperator<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ScopeMetadata(KeyScopes.Admin, true));

    /// <summary>Lets portal tokens in too, for their own account: <c>{key}</c> in the path must be its key.</summary>
    public static TBuilder AllowPortal<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new PortalMetadata(PortalUse.OwnAccount));

    /// <summary>Lets portal tokens in and no keys; <see cref="Account"/> is the token's.</summary>
    public static TBuilder RequirePortal<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ScopeMetadata(KeyScopes.Read), new PortalMetadata(PortalUse.Only));

    /// <summary>Who calls; set before any handler runs.</summary>
    public static Caller Caller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The endpoint is not behind the guard.");

    /// <summary>The account that a call is about: the portal token's, or the one in the path.</summary>
    public static AccountKey Account(this HttpContext context) => context.Caller().Portal is { } portal ? portal.Account : RequestPath.Account(context);

    /// <summary>Who the audit log says it was.</summary>
    public static AuditActor Actor(this HttpContext context) => context.Caller().Actor;

    public static WorkspaceId Workspace(this HttpContext context) => context.Caller().Workspace.Id;

    public static void Protect(EndpointBuilder endpoint, QueryPlaces queries)
    {
        RequestDelegate? inner = endpoint.RequestDelegate;
        if (inner is null)
        {
            return;
        }

        ScopeMetadata? scope = endpoint.Metadata.OfType<ScopeMetadata>().LastOrDefault();
        PortalMetadata? portal = endpoint.Metadata.OfType<PortalMetadata>().LastOrDefault();
        QueryParameter[] query = [.. endpoint.Metadata.OfType<QueryParameter>()];
        Haste haste = endpoint.Metadata.OfType<HasteMetadata>().LastOrDefault()?.Haste ?? Haste.Soon;
        if (QueryPlaces.IsQuery(endpoint))
        {
            RequestDelegate alone = inner;
            inner = async context =>
            {
                using IDisposable place = await queries.TakeAsync(context, mayTakeLong: haste == Haste.Long);
                await alone(context);
            };
        }

        endpoint.RequestDelegate = context => RunAsync(context, scope, portal, query, haste, inner);
    }

    private static async Task RunAsync(HttpContext context, ScopeMetadata? scope, PortalMetadata? portal, QueryParameter[] query, Haste haste, RequestDelegate inner)
    {
        IHttpRequestLifetimeFeature? client = context.Features.Get<IHttpRequestLifetimeFeature>();
        using RequestDeadline deadline = RequestDeadline.Of(haste, context.RequestServices.GetRequiredService<WeirOptions>(), client);
        context.Features.Set<IHttpRequestLifetimeFeature>(deadline);
        deadline.Begin();
        try
        {
            Problem? refused = await AuthenticateAsync(context, scope, portal);
            if (refused is null && context.Request.QueryString.HasValue && scope!.Scope != KeyScopes.None)
            {
                refused = RequestQuery.Check(context.Request, query);
            }

            if (refused is not null)
            {
                await refused.WriteAsync(context);
                return;
            }

            await inner(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted && ProblemOf(exception, context) is { } problem)
        {
            context.Response.Clear();
            await problem.WriteAsync(context);
        }
        finally
        {
            context.Features.Set(client);
        }
    }

    private static async ValueTask<Problem?> AuthenticateAsync(HttpContext context, ScopeMetadata? scope, PortalMetadata? portal)
    {
        string? text = BearerOf(context);
        Caller? caller = text is null ? null : await context.RequestServices.GetRequiredService<KeyService>().AuthenticateAsync(text, context.DeadlinePassed());
        if (caller is null)
        {
            return new Problem(StatusCodes.Status401Unauthorized, "unauthorized", "A key is needed", context.Request.Headers.Authorization.Count == 0
                ? "Send a key: 'Authorization: Bearer weir_live_…'."
                : "The key is not known, it has been revoked, or it was a portal token that has expired.");
        }

        if (caller.Portal is { } held)
        {
            context.Features.Set(caller);
            return RefusalOf(context, held, scope, portal);
        }

        if (portal is { Use: PortalUse.Only })
        {
            return new Problem(StatusCodes.Status403Forbidden, "forbidden", "The key may not do this",
                "Only a portal token may do this, because it says whose account it is about. With a key, name the account: /api/v1/accounts/{key}/…, or POST /api/v1/check.");
        }

        if (scope is null || !caller.Has(scope.Scope) || (scope.Operator && !caller.IsOperator))
        {
            return new Problem(StatusCodes.Status403Forbidden, "forbidden", "The key may not do this",
                scope is { Operator: true } ? "Only an admin key of the workspace 'default' may do this." : $"The key needs the scope '{scope?.Scope.ToString().ToLowerInvariant()}'.");
        }

        context.Features.Set(caller);
        return null;
    }

    /// <summary>The text of the key or token that came with the request.</summary>
    internal static string? BearerOf(HttpContext context)
    {
        string? header = context.Request.Headers.Authorization;
        return header is not null && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null;
    }

    /// <summary>Why a portal token is not let in, or null. Another account answers as one that does not exist (ACC-2).</summary>
    private static Problem? RefusalOf(HttpContext context, PortalIdentity held, ScopeMetadata? scope, PortalMetadata? portal)
    {
        // What only tells of a wrong method gives nothing away.
        if (scope is { Scope: KeyScopes.None })
        {
            return null;
        }

        if (portal is null)
        {
            return new Problem(StatusCodes.Status403Forbidden, "forbidden", "The portal token may not do this",
                "A portal token reads the usage of its own account: /api/v1/usage/current, /usage/limits, /usage/history, /usage/stream, POST /usage/check. Everything else needs a key, which no browser should have.");
        }

        return portal.Use == PortalUse.OwnAccount && RequestPath.Account(context) is { } named && named != held.Account ? Problem.UnknownAccount(named.Value) : null;
    }

    private static Problem? ProblemOf(Exception exception, HttpContext context)
    {
        switch (exception)
        {
            case ProblemException problem:
                return problem.Problem;
            case EventFormatException format:
                return Problem.InvalidJson(format.Pointer, format.Message);
            case TooManyEventsException:
                return new Problem(StatusCodes.Status413PayloadTooLarge, "too_many_events", "Too many events", exception.Message);
            case BeforeLedgerException:
                return new Problem(StatusCodes.Status422UnprocessableEntity, "before_ledger", "The ledger begins later", exception.Message);
            case OverloadedException:
                return new Problem(StatusCodes.Status503ServiceUnavailable, "overloaded", "Too much at once", exception.Message) { RetryAfter = 1 };
            case StoreUnavailableException:
                Log.StoreUnavailable(Logger(context), exception);
                return new Problem(StatusCodes.Status503ServiceUnavailable, "store_unavailable", "The store cannot be used now",
                    "Whether the request took effect is unknown: repeat it with the same id, which is safe.") { RetryAfter = 1 };
            case BadHttpRequestException bad:
                return BadRequestExtensions.ProblemOf(bad);
            case JsonException json:
                return JsonBody.ProblemOf(json);
            case OperationCanceledException when context.ClientGone().IsCancellationRequested:
                return new Problem(StatusCodes.Status499ClientClosedRequest, "client_closed_request", "The client has gone", "Nobody waits for the answer.");
            case OperationCanceledException when context.Deadline() is { Passed.IsCancellationRequested: true } deadline:
                Log.DeadlineExceeded(Logger(context), context.Request.Method, context.GetEndpoint()?.DisplayName, deadline.Time.TotalSeconds);
                return deadline.ToProblem();
            default:
                Log.Fault(Logger(context), context.Request.Method, context.GetEndpoint()?.DisplayName, exception);
                return new Problem(StatusCodes.Status500InternalServerError, "internal_error", "Something went wrong inside Weir",
                    "Whether the request took effect is unknown: repeat it with the same id, which is safe. The server's log has the cause.");
        }
    }

    private static ILogger Logger(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Weir.Api");
}

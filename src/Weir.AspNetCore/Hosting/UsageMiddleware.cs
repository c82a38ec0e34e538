using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>
/// Decides before the handler and settles after it, for endpoints that require an allowance or record their usage; all others pass.
/// </summary>
internal sealed class UsageMiddleware(
    RequestDelegate next, WeirHostOptions options, StoreLifetime lifetime, Admissions admissions, HeldCalls held, UsageRecorder recorder, TimeProvider time, ILogger<UsageMiddleware> logger)
{
    public Task InvokeAsync(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();
        IReadOnlyList<UsageRequirement>? requirements = endpoint?.Metadata.GetOrderedMetadata<UsageRequirement>();
        return requirements is null or { Count: 0 } || context.Features.Get<MeteredRequest>()?.Has(requirements[0]) == true
            ? next(context)
            : MeterAsync(context, endpoint!, requirements);
    }

    private async Task MeterAsync(HttpContext context, Endpoint endpoint, IReadOnlyList<UsageRequirement> requirements)
    {
        long start = time.GetTimestamp();
        MeteredRequest request = new();
        string? route = (endpoint as RouteEndpoint)?.RoutePattern.RawText;
        int? ended = null;
        try
        {
            foreach (UsageRequirement requirement in requirements)
            {
                request.See(requirement);
                if (!await BeginAsync(context, request, requirement, route, start))
                {
                    ended = context.Response.StatusCode;
                    return;
                }
            }

            context.Features.Set(request);
            await next(context);
        }
        catch (Exception exception)
        {
            ended = StatusOf(exception, context);
            throw;
        }
        finally
        {
            int status = ended ?? context.Response.StatusCode;
            foreach (MeteredCall call in request.Calls)
            {
                End(call, status, ended is not null || IsFailure(call, status), start);
            }
        }
    }

    /// <summary>False when the request has been answered and its handler must not run.</summary>
    private async Task<bool> BeginAsync(HttpContext context, MeteredRequest request, UsageRequirement requirement, string? route, long start)
    {
        UsageEvent? described;
        try
        {
            described = await DescribeAsync(context, requirement, route);
        }
        catch (ProblemException exception)
        {
            await exception.Problem.WriteAsync(context);
            return false;
        }

        if (!requirement.Admit)
        {
            if (described is not null)
            {
                request.Calls.Add(new MeteredCall(requirement, described with { Id = Engine.EventId.Parse(AdmissionService.OwnId()) }));
            }

            return true;
        }

        if (described is null)
        {
            await (options.OnAccountMissing is { } answer ? answer(context) : AccountMissing(requirement).WriteAsync(context));
            return false;
        }

        Admitted admitted = await admissions.AdmitAsync(context, requirement, described);
        switch (admitted)
        {
            case { Call: { } call }:
                request.Calls.Add(call);
                held.Begin(call);
                return true;
            case { Denied: { } denied }:
                await AnswerAsync(denied, requirement);
                // A refused call is a row of the log too, with its status and no charge.
                recorder.TryRecord(lifetime.Default.Id, Failed(described, context.Response.StatusCode.ToString(), start));
                return false;
            default:
                await admitted.Problem!.WriteAsync(context);
                return false;
        }
    }

    /// <summary>Null when the account is not known. Recording must not break a request: what is wrong with it is logged and left.</summary>
    private async Task<UsageEvent?> DescribeAsync(HttpContext context, UsageRequirement requirement, string? route)
    {
        UsageBuilder builder = new(context, requirement.EventType, options);
        if (requirement.Admit)
        {
            await requirement.Describe(builder);
            if (requirement.Hold is { } hold)
            {
                await hold.Estimate(builder);
            }

            return await builder.BuildAsync(route);
        }

        try
        {
            await requirement.Describe(builder);
            if (await builder.BuildAsync(route) is { } e)
            {
                return e;
            }

            Log.NothingRecorded(logger, requirement.EventType, "the account is not known");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Log.UsageNotDescribed(logger, requirement.EventType, exception);
        }

        return null;
    }

    private async Task AnswerAsync(DeniedCall denied, UsageRequirement requirement)
    {
        if ((requirement.Options.OnDenied ?? options.OnDenied) is { } change)
        {
            await change(denied);
        }

        if (!denied.HttpContext.Response.HasStarted)
        {
            await denied.WriteAsync();
        }
    }

    /// <summary>Hands the end of the call to the recorder: nobody waits for it, and it survives the client's going away.</summary>
    private void End(MeteredCall call, int status, bool failed, long start)
    {
        string word = call.Details.Status ?? status.ToString();
        EventDetails details = call.Details with { Status = word, LatencyMs = Elapsed(start) };
        UsageEvent recorded = failed
            ? Failed(call.Event, word, start)
            : call.Event with
            {
                Properties = call.Event.Properties.With(call.Properties),
                Cost = call.Cost ?? call.Event.Cost,
                Details = call.Event.Details with
                {
                    Status = word,
                    LatencyMs = details.LatencyMs,
                    Provider = details.Provider ?? call.Event.Details.Provider,
                    Model = details.Model ?? call.Event.Details.Model,
                },
            };
        if (call.Decision is null)
        {
            recorder.TryRecord(lifetime.Default.Id, recorded);
            return;
        }

        if (call.Requirement.Hold is not null)
        {
            held.End(call, failed, details);
            return;
        }

        recorder.TryComplete(lifetime.Default.Id, new CallCompletion
        {
            Event = call.Event.Id!.Value,
            Account = call.Account,
            Failed = failed,
            Properties = call.Properties,
            Cost = call.Cost,
            Details = details,
            Otherwise = call.IsKeyed && !failed ? recorded with { Id = Engine.EventId.Parse(AdmissionService.OwnId()) } : null,
        });
    }

    private UsageEvent Failed(UsageEvent e, string status, long start) =>
        e with { Id = Engine.EventId.Parse(AdmissionService.OwnId()), Failed = true, Cost = null, Details = e.Details with { Status = status, LatencyMs = Elapsed(start) } };

    private bool IsFailure(MeteredCall call, int status) =>
        call.IsFailed || status >= StatusCodes.Status500InternalServerError
        || (status >= StatusCodes.Status400BadRequest && !(call.Requirement.Options.ChargeClientErrors ?? options.ChargeClientErrors));

    private long Elapsed(long start) => (long)time.GetElapsedTime(start).TotalMilliseconds;

    private static int StatusOf(Exception exception, HttpContext context) => exception switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        OperationCanceledException when context.RequestAborted.IsCancellationRequested => StatusCodes.Status499ClientClosedRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static Problem AccountMissing(UsageRequirement requirement) => new(
        StatusCodes.Status400BadRequest, "account_required", "The account is not known",
        $"This call uses '{requirement.EventType}' of an account, and the request does not say whose.");
}

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Weir.AspNetCore;

/// <summary>Answers for handlers that consume by themselves, the same as <c>.RequireAllowance</c> gives.</summary>
public static class WeirResults
{
    /// <summary>The problem document of an outcome that was not allowed: 429 for a denial of the plan, else what is wrong with the request.</summary>
    /// <exception cref="ArgumentException">It was allowed.</exception>
    public static IResult Refused(UsageEvent e, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        return outcome switch
        {
            { Allowed: true } => throw new ArgumentException("The outcome was allowed; there is nothing to refuse.", nameof(outcome)),
            { Failure: { } failure } => Problem.Of(failure),
            _ => new DenialResult(e, outcome),
        };
    }

    private sealed class DenialResult(UsageEvent e, Outcome outcome) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) =>
            new DeniedCall(httpContext, e, outcome, httpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()).WriteAsync();
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Weir.AspNetCore;

/// <summary>What an endpoint uses. The middleware of <c>UseWeir</c> acts on it.</summary>
/// <param name="Admit">It must be allowed before the handler runs; otherwise it is recorded after.</param>
internal sealed record UsageRequirement(string EventType, bool Admit, Func<UsageBuilder, Task> Describe, AllowanceOptions Options)
{
    /// <summary>Set where the endpoint holds first and uses afterwards.</summary>
    public HoldOptions? Hold { get; set; }
}

public static class WeirEndpointConventionBuilderExtensions
{
    /// <summary>
    /// The endpoint runs only when the account may use it. It is charged before the handler runs, all limits together, and what the
    /// handler adds or a failure takes back is settled after it. Needs <c>app.UseWeir()</c>.
    /// </summary>
    /// <param name="eventType">Key of the event type in the catalog.</param>
    /// <param name="usage">Says who uses what: <c>usage => usage.Account(…).User(…).Property("complexity", 2.0m)</c>. It sees the request.</param>
    public static TBuilder RequireAllowance<TBuilder>(
        this TBuilder builder, string eventType, Action<UsageBuilder>? usage = null, Action<AllowanceOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder => builder.Add(eventType, true, Awaitable(usage), configure);

    /// <inheritdoc cref="RequireAllowance{TBuilder}(TBuilder, string, Action{UsageBuilder}?, Action{AllowanceOptions}?)"/>
    public static TBuilder RequireAllowance<TBuilder>(
        this TBuilder builder, string eventType, Func<UsageBuilder, Task> usage, Action<AllowanceOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder => builder.Add(eventType, true, usage, configure);

    /// <summary>
    /// The endpoint holds what it is expected to use, and its event type's slot, instead of using it at once: what the handler reports is
    /// used after it, the rest returns; a handler that fails, or whose client goes away, uses nothing. Follows <c>RequireAllowance</c>.
    /// </summary>
    /// <param name="estimate">Properties that are expected: <c>usage => usage.Property("duration_seconds", 180)</c>.</param>
    /// <exception cref="InvalidOperationException">The endpoint requires no allowance.</exception>
    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range.</exception>
    public static TBuilder Hold<TBuilder>(this TBuilder builder, Action<UsageBuilder>? estimate = null, Action<HoldOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder => builder.Hold(Awaitable(estimate), configure);

    /// <inheritdoc cref="Hold{TBuilder}(TBuilder, Action{UsageBuilder}?, Action{HoldOptions}?)"/>
    public static TBuilder Hold<TBuilder>(this TBuilder builder, Func<UsageBuilder, Task> estimate, Action<HoldOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder
    {
        HoldOptions options = new() { Estimate = estimate };
        configure?.Invoke(options);
        System.ComponentModel.DataAnnotations.Validator.ValidateObject(options, new System.ComponentModel.DataAnnotations.ValidationContext(options), validateAllProperties: true);
        builder.Add(endpoint =>
        {
            UsageRequirement requirement = endpoint.Metadata.OfType<UsageRequirement>().LastOrDefault(requirement => requirement.Admit)
                ?? throw new InvalidOperationException($"The endpoint '{endpoint.DisplayName}' holds nothing: call .RequireAllowance(…) before .Hold(…).");
            requirement.Hold = options;
        });
        return builder;
    }

    /// <summary>
    /// What the endpoint uses is recorded after its handler succeeded, without a decision and without anybody waiting. Recording never
    /// changes or breaks the request. A failed call is recorded as such and charges nothing. Needs <c>app.UseWeir()</c>.
    /// </summary>
    public static TBuilder RecordUsage<TBuilder>(
        this TBuilder builder, string eventType, Action<UsageBuilder>? usage = null, Action<AllowanceOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder => builder.Add(eventType, false, Awaitable(usage), configure);

    /// <inheritdoc cref="RecordUsage{TBuilder}(TBuilder, string, Action{UsageBuilder}?, Action{AllowanceOptions}?)"/>
    public static TBuilder RecordUsage<TBuilder>(
        this TBuilder builder, string eventType, Func<UsageBuilder, Task> usage, Action<AllowanceOptions>? configure = null)
        where TBuilder : IEndpointConventionBuilder => builder.Add(eventType, false, usage, configure);

    private static TBuilder Add<TBuilder>(this TBuilder builder, string eventType, bool admit, Func<UsageBuilder, Task> usage, Action<AllowanceOptions>? configure)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentException.ThrowIfNullOrEmpty(eventType);
        AllowanceOptions options = new();
        configure?.Invoke(options);
        UsageRequirement requirement = new(eventType, admit, usage, options);
        builder.Add(endpoint =>
        {
            endpoint.Metadata.Add(requirement);
            if (admit)
            {
                endpoint.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status429TooManyRequests, typeof(ProblemDetails), [Problem.ContentType]));
            }
        });
        builder.Finally(endpoint => endpoint.RequestDelegate = Checked(requirement, endpoint.RequestDelegate));
        return builder;
    }

    /// <summary>Without the middleware nothing would be decided: then the endpoint does not run, instead of running for everybody.</summary>
    private static RequestDelegate? Checked(UsageRequirement requirement, RequestDelegate? handler) => handler is null
        ? null
        : context => context.Features.Get<MeteredRequest>()?.Has(requirement) == true
            ? handler(context)
            : throw new InvalidOperationException(
                $"The endpoint '{context.GetEndpoint()?.DisplayName}' uses '{requirement.EventType}', but Weir has not seen the request. Call app.UseWeir() after routing, authentication and authorization.");

    private static Func<UsageBuilder, Task> Awaitable(Action<UsageBuilder>? usage) => builder =>
    {
        usage?.Invoke(builder);
        return Task.CompletedTask;
    };
}

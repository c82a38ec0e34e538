using Microsoft.AspNetCore.Http;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>
/// One call while it is handled: what was decided before the handler, and what the handler adds. Settled after the handler with the
/// final properties, or with nothing when the call failed.
/// </summary>
public sealed class MeteredCall
{
    private readonly Lock _gate = new();
    private Properties _properties = Properties.Empty;

    internal MeteredCall(UsageRequirement requirement, UsageEvent e)
    {
        Requirement = requirement;
        Event = e;
    }

    public string EventType => Event.Type;

    public AccountKey Account => Event.Account;

    /// <summary>The id under which it stands in the log.</summary>
    public EventId? Id => Event.Id;

    /// <summary>
    /// What was decided before the handler: charges with their trace, balances, warnings. Null where nothing is decided before: with
    /// <c>RecordUsage</c>, and while an outage lets calls pass.
    /// </summary>
    public Outcome? Decision { get; internal set; }

    /// <summary>The same request was admitted before, under the same Idempotency-Key: the handler runs again and is not charged again.</summary>
    public bool IsRepeat => Decision?.Replayed == true;

    public bool IsFailed { get; private set; }

    internal UsageRequirement Requirement { get; }

    internal UsageEvent Event { get; set; }

    /// <summary>The id was made from a key of the caller's, so that another run of the handler may stand under it.</summary>
    internal bool IsKeyed { get; set; }

    /// <summary>Ends the signs of life of a call that holds.</summary>
    internal CancellationTokenSource? Alive { get; set; }

    internal GivenCost? Cost { get; private set; }

    internal EventDetails Details { get; private set; } = EventDetails.Empty;

    internal Properties Properties
    {
        get
        {
            lock (_gate)
            {
                return _properties;
            }
        }
    }

    /// <summary>Adds a property that is known only now; what it changes in the charges is settled after the handler.</summary>
    public MeteredCall SetProperty(string name, decimal value) => Set(name, PropertyValue.Of(value));

    /// <inheritdoc cref="SetProperty(string, decimal)"/>
    public MeteredCall SetProperty(string name, bool value) => Set(name, PropertyValue.Of(value));

    /// <inheritdoc cref="SetProperty(string, decimal)"/>
    public MeteredCall SetProperty(string name, string value) => Set(name, PropertyValue.Of(value));

    /// <summary>What the call cost us; null currency is the catalog's.</summary>
    public MeteredCall SetCost(decimal amount, string? currency = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        Cost = new GivenCost(amount, currency);
        return this;
    }

    /// <summary>Which model did the work.</summary>
    public MeteredCall SetModel(string? provider, string? model)
    {
        Details = Details with { Provider = Bounds.Cut(provider), Model = Bounds.Cut(model) };
        return this;
    }

    /// <summary>The call did not do its work, whatever its status: nothing is charged.</summary>
    /// <param name="status">A word for the log in place of the HTTP status, such as <c>rate_limited</c>.</param>
    public void Fail(string? status = null)
    {
        IsFailed = true;
        Details = Details with { Status = Bounds.Cut(status) };
    }

    /// <summary>What was charged on a meter before the handler ran, in the meter's unit; 0 when it charges nothing there.</summary>
    public decimal Charged(string meter) =>
        Decision?.Entry?.Charges.FirstOrDefault(charge => charge.Meter == meter) is { } charge ? charge.Amount.ToDecimal(charge.Scale) : 0m;

    /// <summary>What is left on a meter after the decision: the least of its limits, in the meter's unit; null without limit.</summary>
    public decimal? Remaining(string meter) => Decision?.Entry?.Lines
        .Where(line => line.Key.Meter == meter && line.Limit is not null)
        .Select(line => (decimal?)Quantity.Max(line.Limit!.Value - line.Used - line.Held, Quantity.Zero).ToDecimal(line.Scale))
        .Min();

    private MeteredCall Set(string name, PropertyValue value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Bounds.CheckProperty(name, value);
        lock (_gate)
        {
            _properties = _properties.With(Properties.Of([KeyValuePair.Create(name, value)]));
        }

        return this;
    }
}

/// <summary>The calls of one request, the endpoint's own last.</summary>
internal sealed class MeteredRequest
{
    private readonly List<UsageRequirement> _seen = [];

    public List<MeteredCall> Calls { get; } = [];

    public void See(UsageRequirement requirement) => _seen.Add(requirement);

    public bool Has(UsageRequirement requirement) => _seen.Contains(requirement);
}

public static class WeirHttpContextExtensions
{
    /// <summary>The call that the endpoint requires an allowance for, else the one that it records; the endpoint's own before its group's.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has neither.</exception>
    public static MeteredCall Weir(this HttpContext context)
    {
        List<MeteredCall>? calls = context.Features.Get<MeteredRequest>()?.Calls;
        return calls?.FindLast(call => call.Requirement.Admit) ?? calls?.LastOrDefault()
            ?? throw new InvalidOperationException("The endpoint neither requires an allowance nor records usage.");
    }

    /// <summary>The call of one event type, where an endpoint has several.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has none of that type.</exception>
    public static MeteredCall Weir(this HttpContext context, string eventType) =>
        context.Features.Get<MeteredRequest>()?.Calls.FindLast(call => call.EventType == eventType)
            ?? throw new InvalidOperationException($"The endpoint does not use '{eventType}'.");
}

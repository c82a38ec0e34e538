using Weir.Engine;

namespace Weir;

/// <summary>From a host's event to its charges.</summary>
internal static class EventRating
{
    /// <summary>Finds the event's type and rates it; null with the failure when it is wrong.</summary>
    public static RatedEvent? Rate(Catalog catalog, UsageEvent e, out Failure? failure)
    {
        if (!catalog.Events.TryGetValue(e.Type, out EventType? type))
        {
            failure = new Failure(Refusal.UnknownEventType, "/type", catalog.Events.Count == 0
                ? $"There is no event type '{e.Type}': the workspace has no catalog yet. PUT one to /api/v1/catalog."
                : $"There is no event type '{e.Type}' in the catalog '{catalog.Name}'; GET /api/v1/catalog/events lists them.");
            return null;
        }

        if (type.Retired)
        {
            failure = new Failure(Refusal.EventTypeRetired, "/type", $"The event type '{e.Type}' is retired and takes no new events.");
            return null;
        }

        Money? cost = null;
        if (e.Cost is { } given)
        {
            if (given.Currency is { } currency && currency != catalog.Currency)
            {
                failure = new Failure(Refusal.CurrencyMismatch, "/cost/currency", $"The cost is in {currency}; this catalog counts in {catalog.Currency}. Convert it before sending.");
                return null;
            }

            if (given.Amount < 0)
            {
                failure = new Failure(Refusal.NegativeQuantity, "/cost/amount", $"A cost of {given.Amount} is below 0; reverse an event to take its cost back.");
                return null;
            }

            cost = new Money(given.Amount);
        }

        return Rater.Rate(catalog, type, e.Properties, cost, out failure);
    }

    /// <summary>The details with the sender's id and with the properties that do not belong in the ledger.</summary>
    public static EventDetails DetailsOf(UsageEvent e, EventType type, string? id)
    {
        Properties free = Properties.Empty;
        foreach ((string name, PropertyValue _) in e.Properties.Entries)
        {
            if (!type.NamedProperties.Contains(name))
            {
                free = Properties.Of(e.Properties.Entries.Where(entry => !type.NamedProperties.Contains(entry.Key)));
                break;
            }
        }

        EventDetails details = e.Details with { Id = id, Endpoint = e.Details.Endpoint ?? type.Endpoint, FreeProperties = free };
        return e.Origin is { } origin
            ? details with { Address = origin.Address ?? details.Address, UserAgent = origin.UserAgent ?? details.UserAgent, RequestId = origin.RequestId ?? details.RequestId }
            : details;
    }
}

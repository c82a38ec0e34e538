using System.Globalization;
using System.Text.Json.Nodes;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.Server.Tests.Model;

/// <summary>What a side answered, in one form for all sides: the word, the figures of every balance and violation, the slot, the end.</summary>
internal static class Told
{
    public static string Of(Step step, Outcome outcome) => step.IsQuiet && outcome.Failure is null ? "ok" : Of(outcome);

    public static string Of(Step step, Reply reply) =>
        (int)reply.Status >= 400 ? Of(reply)
        : step.IsQuiet ? "ok"
        : step.Verb == Verb.Look ? Of((string)reply["plan"]!["key"]!, reply["balances"]!.AsArray(), reply["slots"]!.AsArray().Sum(slot => (int)slot!["used"]!))
        : Of(reply);

    /// <summary>The figures of an account.</summary>
    public static string Of(string plan, IEnumerable<UsageLine> lines, int slots) => Figures(plan, slots, lines
        .Where(line => line.Limit.Meter.Key != Meter.CostKey || line.Limit.Limit is not null)
        .Select(line => $"{line.Limit.Meter.Key}/{line.Limit.Per.Name()} {Text(line.Used, line.Limit.Meter.Scale)} held {Text(line.Held, line.Limit.Meter.Scale)} of {Text(line.Limit.Limit, line.Limit.Meter.Scale)} from {Text(line.Period.Start)}"));

    private static string Of(string plan, JsonArray balances, int slots) => Figures(plan, slots, balances
        .Select(b => $"{b!["meter"]}/{b["per"]} {Text(b["used"])} held {Text(b["held"])} of {Text(b["limit"])} from {b["periodStart"]?.ToString() ?? "ever"}"));

    private static string Figures(string plan, int slots, IEnumerable<string> lines) => $"{plan}, {slots} slots: {string.Join("; ", lines.Order(StringComparer.Ordinal))}";

    private static string Of(Outcome outcome)
    {
        if (outcome.Failure is { } failure)
        {
            return failure.Refusal.Code() + (failure.State is { } state ? " " + state.ToString().ToLowerInvariant() : "");
        }

        if (!outcome.Allowed)
        {
            return $"{outcome.Refusal.Code()}{Again(outcome.Replayed)}: {string.Join("; ", outcome.Violations.Select(v =>
                $"{v.Reason.Code()} {v.Meter}{v.Name} {(v is { RequestLimit: null, Used: not null } ? $"{Text(v.Requested, v.Scale)} of {Text(v.Limit, v.Scale)}, used {Text(v.Used, v.Scale)} held {Text(v.Held ?? (v.Used is null ? null : Quantity.Zero), v.Scale)} leaves {Text(v.Remaining, v.Scale)}" : "")}"))}"
                + (outcome.Advice is { } advice ? $"; advice {advice.Plan}" : "");
        }

        if (outcome.Entry is not { } entry)
        {
            return "ok" + (outcome.Hold is { } hold ? " until " + InstantPattern.ExtendedIso.Format(hold.ExpiresAt) : "");
        }

        if (entry.Grant is { } grant)
        {
            return $"given{Again(outcome.Replayed)}: {Text(grant.Amount, grant.Scale)} {grant.Meter} from {Text(grant.Start)} to {Text(grant.End)} by {grant.Priority}";
        }

        ReservationTerms? terms = entry.Reservation;
        return $"ok{Again(outcome.Replayed)}: {string.Join("; ", entry.Lines.Where(line => line.Key.Meter != Meter.CostKey || line.Limit is not null).Select(line =>
            $"{line.Key.Meter}/{line.Key.Per.Name()} {Text(line.Used, line.Scale)} held {Text(line.Held, line.Scale)} of {Text(line.Limit, line.Scale)}"))}"
            + (terms is null ? "" : $" until {InstantPattern.ExtendedIso.Format(terms.ExpiresAt)}") + (terms?.Slot is { } slot ? $" slot {slot.Kind}#{slot.Fence}" : "");
    }

    private static string Of(Reply reply)
    {
        JsonNode? json = reply.Text.Length == 0 ? null : JsonNode.Parse(reply.Text);
        if ((int)reply.Status >= 400)
        {
            return (string?)json!["code"] + (json["state"] is { } state ? " " + state : "");
        }

        if (json?["results"] is JsonArray { Count: 1 } results)
        {
            json = results[0]!;
            if ((string?)json["status"] == "rejected")
            {
                return (string)json["code"]!;
            }

            json["replayed"] = (string?)json["status"] == "duplicate";
        }

        string again = Again((bool?)json?["replayed"] == true);
        if ((bool?)json?["allowed"] == false)
        {
            return $"{json["reason"]}{again}: {string.Join("; ", json["violations"]!.AsArray().Select(v =>
                $"{v!["reason"]} {v["meter"]}{v["name"]} {((string?)v["reason"] == "request_limit_exceeded" || v["used"] is null ? "" : $"{Text(v["requested"])} of {Text(v["limit"])}, used {Text(v["used"])} held {Text(v["held"])} leaves {Text(v["remaining"])}")}"))}"
                + (json["advice"] is { } advice ? $"; advice {advice["plan"]}" : "");
        }

        if (json?["givenAt"] is not null)
        {
            return $"given{again}: {Text(json["amount"])} {json["meter"]} from {json["start"]} to {json["expiry"]?.ToString() ?? "ever"} by {json["priority"]}";
        }

        if (json?["balances"] is not JsonArray balances)
        {
            return "ok" + (json?["expiresAt"] is { } expires ? " until " + expires : "");
        }

        bool isReservation = (string?)json["state"] == "held" && json["expiresAt"] is not null;
        return $"ok{again}: {string.Join("; ", balances.Select(b => $"{b!["meter"]}/{b["per"]} {Text(b["used"])} held {Text(b["held"])} of {Text(b["limit"])}"))}"
            + (isReservation ? " until " + json["expiresAt"] : "")
            + (isReservation && json["slot"] is { } slot ? $" slot {slot["kind"]}#{slot["fence"]}" : "");
    }

    private static string Again(bool replayed) => replayed ? " again" : "";

    private static string Text(Instant time) => time == Instant.MinValue || time == Instant.MaxValue ? "ever" : InstantPattern.ExtendedIso.Format(time);

    private static string Text(Quantity? quantity, int scale) => quantity is { } known ? known.ToDecimal(scale).ToString("G29", CultureInfo.InvariantCulture) : "none";

    private static string Text(JsonNode? number) => number is null ? "none" : ((decimal)number).ToString("G29", CultureInfo.InvariantCulture);
}

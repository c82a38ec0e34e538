using System.Globalization;
using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Routing;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>The audit log: who changed what, and whether the log is as it was written.</summary>
internal static class AuditEndpoints
{
    private static readonly string[] s_columns = ["number", "at", "actor", "actorName", "action", "target", "account", "before", "after", "previous", "hash"];

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Access");
        group.MapGet("/audit", (Delegate)ListAsync).RequireScope(KeyScopes.Admin)
            .WithName("listAudit").WithSummary("Every change of configuration, newest first; CSV by Accept")
            .WithDescription("Who (a key, a portal token, the host, the command line), what, to what, before and after. Accounts stand in it with their internal id, which is shown with the account's key while there is one.")
            .WithQuery("action", "Such as key.created.").WithQuery("actor", "As the records name it: key:ID, portal:ID, host, host:PART, cli.")
            .WithQuery("target", "As the records name it: kind:id.").WithQuery("account", "Changes of the account with this key; in place of target.")
            .WithQuery("from", "Records from this time on (RFC 3339).").WithQuery("to", "Records before this time.")
            .WithQuery("order", "desc: newest first (when absent). asc: oldest first; 'next' is then always given.")
            .WithQuery("limit", "1 to 1,000; 100 when absent.").WithQuery("cursor", Cursor.Description)
            .Produces<AuditListSchema>(StatusCodes.Status200OK, "application/json", CsvTable.ContentType);
        group.MapGet("/audit/verify", (Delegate)VerifyAsync).RequireScope(KeyScopes.Admin).MayTakeLong()
            .WithName("verifyAudit").WithSummary("Walk along the chain of the audit log and name the first broken link")
            .WithDescription("Note the head (number and hash) outside of the server: with 'expect', records that were cut off since then, and a log that was written anew, are found too.")
            .WithQuery("expect", "A head that was noted earlier: number:hash.").Produces<AuditVerifyAnswer>();
    }

    private static async Task ListAsync(HttpContext context, IWeirStore store)
    {
        bool ascending = RequestQuery.Choice(context, "order", false, ("asc", true), ("desc", false));
        string list = ascending ? "audit-asc" : "audit-desc";
        AuditFilter filter = await FilterOfAsync(context, store, ascending, list);
        IReadOnlyList<AuditRecord> records = await store.Audit.ReadAsync(context.Workspace(), filter, context.RequestAborted);
        long[] accounts = [.. records.Select(AccountOf).OfType<long>().Distinct()];
        IReadOnlyDictionary<long, AccountProfile> names = accounts.Length == 0
            ? new Dictionary<long, AccountProfile>()
            : await store.Accounts.NamesAsync(context.Workspace(), accounts, context.RequestAborted);
        long? last = records.Count > 0 ? records[^1].Number : filter.Cursor;
        string? next = last is { } position && (ascending || records.Count == filter.Limit) ? Cursor.Of(list, position.ToString(CultureInfo.InvariantCulture)) : null;
        if (CsvTable.IsWanted(context))
        {
            await WriteCsvAsync(context, records, names, next);
            return;
        }

        context.Response.Headers.Vary = "Accept";
        await JsonBody.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("items"u8);
            foreach (AuditRecord record in records)
            {
                Write(writer, record, names);
            }

            writer.WriteEndArray();
            writer.WriteString("next"u8, next);
            writer.WriteEndObject();
        });
    }

    private static async Task VerifyAsync(HttpContext context, AuditVerifier verifier)
    {
        AuditHead? expected = RequestQuery.Text(context, "expect") is not { } text ? null
            : AuditHead.TryParse(text, out AuditHead head) ? head
            : throw RequestQuery.Wrong("expect", "'expect' is a head as this call answers it: the number, a colon, and the hash as 64 hexadecimal digits.");
        AuditVerification found = await verifier.VerifyAsync(context.Workspace(), expected, context.RequestAborted);
        await JsonBody.WriteAsync(context, new AuditVerifyAnswer(
            found.Broken is null, context.Caller().Workspace.Key, found.Records, found.Head.ToString(),
            found.Broken is { } broken ? new AuditBreakAnswer(broken.Number, broken.Fault, broken.Message) : null));
    }

    private static async ValueTask<AuditFilter> FilterOfAsync(HttpContext context, IWeirStore store, bool ascending, string list)
    {
        (Instant? from, Instant? to) = RequestQuery.Between(context);
        return new AuditFilter
        {
            Action = RequestQuery.Text(context, "action"),
            Actor = RequestQuery.Text(context, "actor"),
            Target = await TargetOfAsync(context, store),
            From = from,
            To = to,
            Ascending = ascending,
            Cursor = Cursor.ReadNumber(context, list),
            Limit = RequestQuery.Whole(context, "limit", 100, 1, AuditFilter.LargestLimit),
        };
    }

    private static async ValueTask<AuditTarget?> TargetOfAsync(HttpContext context, IWeirStore store)
    {
        string? target = RequestQuery.Text(context, "target");
        if (RequestQuery.Identifier(context, "account") is not { } key)
        {
            return target is null ? null : AuditTarget.Parse(target) ?? throw RequestQuery.Wrong("target", "'target' is a kind and an id with a colon between them, such as key:0123456789abcdef.");
        }

        if (target is not null)
        {
            throw RequestQuery.Wrong("account", "'account' stands in place of 'target'; send one of them.");
        }

        // No account has the id 0: of an unknown one there are no records.
        return AuditTarget.Account((await store.Ledger.ReadStateAsync(context.Workspace(), new AccountKey(key), context.RequestAborted))?.Account.Id ?? Account.WorkspaceHead);
    }

    private static long? AccountOf(AuditRecord record) =>
        record.Target.Kind == "account" && long.TryParse(record.Target.Id, NumberStyles.None, CultureInfo.InvariantCulture, out long account) ? account : null;

    private static string? KeyOf(AuditRecord record, IReadOnlyDictionary<long, AccountProfile> names) =>
        AccountOf(record) is { } account && names.TryGetValue(account, out AccountProfile? profile) ? profile.Key.Value : null;

    private static void Write(Utf8JsonWriter writer, AuditRecord record, IReadOnlyDictionary<long, AccountProfile> names)
    {
        writer.WriteStartObject();
        writer.WriteNumber("number"u8, record.Number);
        JsonText.Time(writer, "at"u8, record.At);
        writer.WriteStartObject("actor"u8);
        writer.WriteString("id"u8, record.Actor.Id);
        writer.WriteString("name"u8, record.Actor.Name);
        writer.WriteEndObject();
        writer.WriteString("action"u8, record.Action);
        writer.WriteStartObject("target"u8);
        writer.WriteString("kind"u8, record.Target.Kind);
        writer.WriteString("id"u8, record.Target.Id);
        JsonText.Text(writer, "account"u8, KeyOf(record, names));
        writer.WriteEndObject();
        WriteSummary(writer, "before"u8, record.Before);
        WriteSummary(writer, "after"u8, record.After);
        writer.WriteString("previous"u8, AuditChain.Hex(record.Previous));
        writer.WriteString("hash"u8, AuditChain.Hex(record.Hash));
        writer.WriteEndObject();
    }

    /// <summary>As it is stored, so that a hash can be computed from the answer; a summary that somebody broke is shown as a text.</summary>
    private static void WriteSummary(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? summary)
    {
        writer.WritePropertyName(name);
        if (summary is null)
        {
            writer.WriteNullValue();
            return;
        }

        try
        {
            using JsonDocument valid = JsonDocument.Parse(summary);
            writer.WriteRawValue(summary, skipInputValidation: true);
        }
        catch (JsonException)
        {
            writer.WriteStringValue(summary);
        }
    }

    private static async Task WriteCsvAsync(HttpContext context, IReadOnlyList<AuditRecord> records, IReadOnlyDictionary<long, AccountProfile> names, string? next)
    {
        if (next is not null)
        {
            QueryBuilder query = new(context.Request.Query.Where(pair => pair.Key != "cursor").SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value ?? "")))
            {
                { "cursor", next },
            };
            context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}{query.ToQueryString()}>; rel=\"next\"";
        }

        await CsvTable.WriteAsync(context, "audit.csv", s_columns, async table =>
        {
            foreach (AuditRecord record in records)
            {
                table.Add((decimal)record.Number);
                table.Add(record.At);
                table.Add(record.Actor.Id);
                table.Add(record.Actor.Name);
                table.Add(record.Action);
                table.Add(record.Target.ToString());
                table.Add(KeyOf(record, names));
                table.Add(record.Before);
                table.Add(record.After);
                table.Add(AuditChain.Hex(record.Previous));
                table.Add(AuditChain.Hex(record.Hash));
                await table.EndRowAsync();
            }
        });
    }
}

internal sealed record AuditListSchema(IReadOnlyList<AuditItemSchema> Items, string? Next);

internal sealed record AuditItemSchema(
    long Number, DateTimeOffset At, AuditActorSchema Actor, string Action, AuditTargetSchema Target,
    IReadOnlyDictionary<string, JsonElement>? Before, IReadOnlyDictionary<string, JsonElement>? After, string Previous, string Hash);

internal sealed record AuditActorSchema(string Id, string? Name);

/// <param name="Account">The account's key, where the target is an account that exists.</param>
internal sealed record AuditTargetSchema(string Kind, string Id, string? Account);

/// <param name="Valid">Whether every link holds, and the expected head stands in the log.</param>
/// <param name="Records">How many records stand before the first broken link, or in all.</param>
/// <param name="Head">The last record that stands, as number:hash.</param>
internal sealed record AuditVerifyAnswer(bool Valid, string Workspace, long Records, string Head, AuditBreakAnswer? Broken);

internal sealed record AuditBreakAnswer(long Number, AuditFault Fault, string Detail);

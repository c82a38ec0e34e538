using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Weir.AspNetCore;

/// <summary>Bringing many events in at once, one JSON object a line.</summary>
internal static class ImportEndpoints
{
    private const byte NewLine = (byte)'\n';

    private static readonly string[] s_types = ["application/jsonl", "application/x-ndjson", "application/x-jsonlines"];

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("").WithTags("Events");
        group.MapPost("/import", (Delegate)Import).RequireScope(KeyScopes.Admin).WithoutDeadline()
            .WithName("importEvents").WithSummary("Import events: JSON Lines, of any length")
            .WithDescription("One event a line, as in POST /events, with `failed: true` for calls that failed. History from elsewhere may have any age, in periods that ended before the account's first live event; with `live=true` the events are recorded as if they were sent now. The answer counts what was recorded, what had been before, and names what was refused by line. It may be repeated: ids are recorded once.")
            .WithQuery("live", "true records the events as if they were sent now; false when absent.")
            .Accepts<EventSchema>(s_types[0], s_types[1..]).Produces<ImportReport>();
    }

    private static async Task Import(HttpContext context, ImportService imports)
    {
        if (!Array.Exists(s_types, type => JsonBody.IsMediaType(context.Request.ContentType, type)))
        {
            throw new ProblemException(JsonBody.UnsupportedMediaType(context.Request.ContentType, s_types[0]));
        }

        bool live = RequestQuery.Choice(context, "live", false, ("true", true), ("false", false));
        // The body is read line by line and never kept: only a line is bounded.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = null;
        }

        ImportReport report = await imports.ImportAsync(context.Workspace(), ReadLinesAsync(context.Request.BodyReader, context.RequestAborted), !live, context.RequestAborted);
        await JsonBody.WriteAsync(context, report);
    }

    /// <summary>The lines of a body that are not blank, with their numbers.</summary>
    private static async IAsyncEnumerable<ImportLine> ReadLinesAsync(PipeReader body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long number = 0;
        while (true)
        {
            ReadResult result = await body.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> rest = result.Buffer;
            while (rest.PositionOf(NewLine) is { } end)
            {
                ReadOnlySequence<byte> line = rest.Slice(0, end);
                rest = rest.Slice(rest.GetPosition(1, end));
                number++;
                if (Content(line, number) is { } content)
                {
                    yield return content;
                }
            }

            if (result.IsCompleted)
            {
                number++;
                if (Content(rest, number) is { } last)
                {
                    yield return last;
                }

                body.AdvanceTo(rest.End);
                yield break;
            }

            RequireBounded(rest, number + 1);
            body.AdvanceTo(rest.Start, rest.End);
        }
    }

    private static ImportLine? Content(ReadOnlySequence<byte> line, long number)
    {
        RequireBounded(line, number);
        byte[] bytes = line.ToArray();
        return bytes.AsSpan().Trim(" \t\r"u8).IsEmpty ? null : new ImportLine(number, bytes);
    }

    private static void RequireBounded(ReadOnlySequence<byte> line, long number)
    {
        if (line.Length > EventBounds.LargestEvent)
        {
            throw new ProblemException(Problem.PayloadTooLarge($"Line {number} has more than {EventBounds.LargestEvent} bytes. The lines before it are recorded; repeating them is safe."));
        }
    }
}

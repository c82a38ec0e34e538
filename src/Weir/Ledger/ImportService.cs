using Weir.Engine;

namespace Weir;

/// <summary>A line of an import that was not taken.</summary>
/// <param name="Line">Counted from 1 in what was sent.</param>
/// <param name="Id">The event's id, where it could be read.</param>
/// <param name="Pointer">JSON pointer into the line's event.</param>
public sealed record ImportRefusal(long Line, string? Id, string Code, string Pointer, string Detail);

/// <summary>What became of an import.</summary>
/// <param name="Lines">Lines that had an event, taken or not.</param>
/// <param name="Duplicates">Events that had been recorded before under the same id with the same content.</param>
/// <param name="Refusals">The first of the refusals, at most <see cref="ImportService.MostRefusals"/>; <paramref name="Refused"/> counts all.</param>
public sealed record ImportReport(long Lines, long Recorded, long Duplicates, long Refused, IReadOnlyList<ImportRefusal> Refusals);

/// <summary>One line of an import, as JSON.</summary>
public readonly record struct ImportLine(long Number, ReadOnlyMemory<byte> Json);

/// <summary>
/// Takes many events, one JSON object a line, each of which stands alone: what is wrong is reported by its line, the others are recorded.
/// It can be repeated after an interruption, because every event has an id.
/// </summary>
public sealed class ImportService(AdmissionService admission)
{
    /// <summary>The refusals that a report names.</summary>
    public const int MostRefusals = 1000;

    private const int LargestBatch = 1000;

    /// <param name="lines">Each line's memory is only used until the next is asked for.</param>
    /// <param name="history">
    /// True for history from elsewhere: any age, into periods that ended before the account's first live event (PER-5). False records the
    /// events as if they were sent now, with their own time within the usual bounds (PER-3).
    /// </param>
    public async Task<ImportReport> ImportAsync(WorkspaceId workspace, IAsyncEnumerable<ImportLine> lines, bool history, CancellationToken cancellationToken)
    {
        Tally tally = new();
        List<(long Line, UsageEvent Event)> batch = new(LargestBatch);
        await foreach (ImportLine line in lines.WithCancellation(cancellationToken))
        {
            if (tally.Read(line) is not { } e)
            {
                continue;
            }

            batch.Add((line.Number, e with { Import = history }));
            if (batch.Count == LargestBatch)
            {
                await RecordAsync(workspace, batch, tally, cancellationToken);
            }
        }

        await RecordAsync(workspace, batch, tally, cancellationToken);
        return tally.Report();
    }

    private async Task RecordAsync(WorkspaceId workspace, List<(long Line, UsageEvent Event)> batch, Tally tally, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return;
        }

        IReadOnlyList<Outcome> outcomes = await admission.RecordAsync(workspace, [.. batch.Select(item => item.Event)], cancellationToken);
        for (int i = 0; i < outcomes.Count; i++)
        {
            tally.Take(batch[i].Line, outcomes[i]);
        }

        batch.Clear();
    }

    private sealed class Tally
    {
        private readonly List<ImportRefusal> _refusals = [];
        private long _lines;
        private long _recorded;
        private long _duplicates;
        private long _refused;

        public UsageEvent? Read(ImportLine line)
        {
            _lines++;
            try
            {
                UsageEvent e = EventReader.ReadImported(line.Json.Span);
                if (e.Id is not null)
                {
                    return e;
                }

                Refuse(line.Number, null, Refusal.InvalidRequest.Code(), "/id", "'id' is required: without it, a repeated import would count the event again.");
            }
            catch (EventFormatException wrong)
            {
                Refuse(line.Number, null, Refusal.InvalidRequest.Code(), wrong.Pointer, wrong.Message);
            }

            return null;
        }

        public void Take(long line, Outcome outcome)
        {
            if (outcome.Failure is { } failure)
            {
                Refuse(line, outcome.Id, failure.Refusal.Code(), failure.Pointer, failure.Message);
            }
            else if (outcome.Replayed)
            {
                _duplicates++;
            }
            else
            {
                _recorded++;
            }
        }

        public ImportReport Report() => new(_lines, _recorded, _duplicates, _refused, _refusals);

        private void Refuse(long line, string? id, string code, string pointer, string detail)
        {
            _refused++;
            if (_refusals.Count < MostRefusals)
            {
                _refusals.Add(new ImportRefusal(line, id, code, pointer, detail));
            }
        }
    }
}

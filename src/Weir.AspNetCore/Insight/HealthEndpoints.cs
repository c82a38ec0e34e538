using System.Diagnostics;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Weir.AspNetCore;

/// <summary>What a supervisor asks, without a key: whether the process lives, and whether it can take work.</summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", (Delegate)LiveAsync).ExcludeFromDescription();
        endpoints.MapGet("/health/ready", (Delegate)ReadyAsync).ExcludeFromDescription();
    }

    private static Task LiveAsync(HttpContext context) => JsonBody.WriteAsync(context, new LiveAnswer("live"));

    private static async Task ReadyAsync(HttpContext context, HealthService health)
    {
        HealthReport report = await health.ReadAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await JsonBody.WriteAsync(context, ReadyAnswer.Of(report), report.Trouble is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}

internal sealed record LiveAnswer(string Status);

/// <param name="Status"><c>ready</c>, or why not: <c>store_unavailable</c>, <c>writer_stalled</c>, <c>overloaded</c>, <c>summaries_behind</c>.</param>
internal sealed record ReadyAnswer(string Status, WriterAnswer Writer, RecorderFigures Recorder, SummariesAnswer Summaries)
{
    public static ReadyAnswer Of(HealthReport report) => new(
        report.Trouble ?? "ready", new WriterAnswer(report.WriterWaiting, Seconds(report.WriterBusy)), report.Recorder,
        new SummariesAnswer(report.Summaries?.Entries, report.Summaries is { } lag ? Seconds(lag.Behind.ToTimeSpan()) : null));

    private static decimal Seconds(TimeSpan time) => Math.Round((decimal)time.TotalSeconds, 3);
}

/// <param name="Waiting">Commands that wait for the writer.</param>
/// <param name="BusySeconds">How long the batch under way has taken so far.</param>
internal sealed record WriterAnswer(int Waiting, decimal BusySeconds);

/// <param name="Entries">Entries of the ledger that the summaries are behind; null where the store does not answer.</param>
internal sealed record SummariesAnswer(long? Entries, decimal? BehindSeconds);

using NodaTime;

namespace Weir.Engine.Tests;

/// <summary>Timelines as stores keep them.</summary>
public sealed class TimelineTextTests
{
    [Fact(DisplayName = "PER-4: a timeline is read as it was written, whichever and however many were read before")]
    public void ReadAsWritten()
    {
        DateTimeZone[] zones = [DateTimeZone.Utc, DateTimeZoneProviders.Tzdb["Pacific/Apia"], DateTimeZoneProviders.Tzdb["America/Havana"]];
        Timeline[] timelines = [.. Enumerable.Range(0, 6_000).Select(day => Timeline.Starting(new Schedule(zones[day % zones.Length], new LocalDateTime(2020, 1, 31, 0, 0).PlusDays(day))))];
        timelines[0] = timelines[0].Change(Instant.FromUtc(2020, 3, 1, 12, 0), timelines[1].Latest);
        for (int pass = 0; pass < 2; pass++)
        {
            foreach (Timeline timeline in timelines)
            {
                Assert.Equal(timeline, AccountJson.ReadTimeline(AccountJson.WriteTimeline(timeline)));
            }
        }
    }
}

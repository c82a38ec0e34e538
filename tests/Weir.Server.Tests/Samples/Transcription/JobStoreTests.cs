using global::Transcription;

using Microsoft.Data.Sqlite;

using NodaTime;

using Weir.Storage.Tests;

namespace Weir.Server.Tests.Samples;

public sealed class JobStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("jobs-").FullName;
    private readonly FakeClock _clock = new(Instant.FromUtc(2026, 11, 1, 8, 0));
    private readonly JobStore _store;

    public JobStoreTests() => _store = new JobStore(_folder, _clock);

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact(DisplayName = "A job goes its way once: queued, running, settling, completed, and keeps what it was")]
    public void Way()
    {
        Job job = Add("a");
        Assert.Equal(job, _store.Find("a"));
        Assert.False(_store.Start("b"));
        Assert.Equal(1, _store.Begin("a")!.Attempt);
        Assert.False(_store.Settle("a", Transcript.Of(null, TimeSpan.Zero, [])));
        Assert.True(_store.Start("a"));
        Assert.False(_store.Start("a"));
        Assert.Null(_store.Begin("a"));
        _clock.Advance(NodaTime.Duration.FromSeconds(20));
        Assert.True(_store.Beat("a"));
        Assert.Equal(_clock.GetUtcNow(), _store.Find("a")!.BeatAt);
        Transcript transcript = Transcript.Of("yue", TimeSpan.FromSeconds(90.5), [new Cue(TimeSpan.Zero, TimeSpan.FromSeconds(2), "早晨")], 7);
        Assert.True(_store.Settle("a", transcript));
        Assert.False(_store.End("a", JobState.Canceled, null, null));
        Assert.True(_store.Complete("a", 1.51m, 0.00905m));
        Assert.False(_store.Complete("a", 3m, 3m));
        Job done = _store.Find("a")!;
        Assert.Equal((JobState.Completed, 1.51m, 0.00905m, true), (done.State, done.Credits, done.Cost, done.IsOver));
        Assert.Equal(transcript.Cues, done.Transcript!.Cues);
        Assert.Equal((TimeSpan.FromSeconds(90.5), 7L), (done.Transcript.Duration, done.Transcript.Tokens));
    }

    [Fact(DisplayName = "A running job waits again when its process is gone, and ends with a reason when it fails")]
    public void Again()
    {
        Add("a");
        _store.Begin("a");
        _store.Start("a");
        Assert.True(_store.Requeue("a"));
        Assert.False(_store.Requeue("a"));
        Assert.Equal((JobState.Queued, 2), (_store.Find("a")!.State, _store.Begin("a")!.Attempt));
        Assert.True(_store.End("a", JobState.Refused, "limit_exceeded", "No credits.", "Take Starter."));
        Assert.False(_store.End("a", JobState.Failed, "x", "y"));
        Job ended = _store.Find("a")!;
        Assert.Equal((JobState.Refused, "limit_exceeded", "No credits.", "Take Starter."), (ended.State, ended.Code, ended.Reason, ended.Upgrade));
    }

    [Fact(DisplayName = "Open jobs are listed oldest first, a user's newest first, and what is over is cleaned after its time")]
    public void Lists()
    {
        Add("a");
        _clock.Advance(NodaTime.Duration.FromSeconds(1));
        Add("b");
        Add("c", "nina");
        Assert.Equal(["a", "b", "c"], _store.Open().Select(job => job.Id));
        Assert.Equal(["b", "a"], _store.OfUser("wing", 10).Select(job => job.Id));
        Assert.Equal(["b"], _store.OfUser("wing", 1).Select(job => job.Id));
        Assert.Equal((2, 3), (_store.CountOpen("wing"), _store.CountOpen(null)));
        Assert.False(_store.Remove("a"));
        _store.End("a", JobState.Canceled, null, null);
        DateTimeOffset ended = _clock.GetUtcNow();
        Assert.Equal(0, _store.RemoveOver(ended));
        Assert.Equal(1, _store.RemoveOver(ended.AddMilliseconds(1)));
        Assert.Null(_store.Find("a"));
        _store.End("b", JobState.Failed, "x", "y");
        Assert.True(_store.Remove("b"));
        Assert.Equal(["c"], _store.Open().Select(job => job.Id));
    }

    private Job Add(string id, string user = "wing")
    {
        Job job = new()
        {
            Id = id,
            User = user,
            Name = "廣東話.mp4",
            Path = Path.Combine(_store.Uploads, id),
            Bytes = 12_345,
            Format = "mov",
            IsVideo = true,
            Duration = TimeSpan.FromMilliseconds(90_500),
            Language = "yue",
            CreatedAt = _clock.GetUtcNow(),
        };
        _store.Add(job);
        return job;
    }
}

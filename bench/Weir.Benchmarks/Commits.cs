using System.Diagnostics.Metrics;

namespace Weir.Benchmarks;

/// <summary>How many commands each commit made durable, and how long it took.</summary>
internal sealed class Commits : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _commits;
    private long _commands;
    private long _microseconds;

    public Commits()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name is "weir.commit.batch" or "weir.commit.duration")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, size, _, _) =>
        {
            Interlocked.Increment(ref _commits);
            Interlocked.Add(ref _commands, size);
        });
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => Interlocked.Add(ref _microseconds, (long)(seconds * 1_000_000)));
        _listener.Start();
    }

    public void Reset() => (_commits, _commands, _microseconds) = (0, 0, 0);

    public override string ToString() => _commits == 0
        ? ""
        : $"   {(double)_commands / _commits:F0} in each commit of {_microseconds / 1000.0 / _commits:F1} ms";

    public void Dispose() => _listener.Dispose();
}

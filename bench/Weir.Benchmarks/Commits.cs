using System.Diagnostics.Metrics;

namespace Weir.Benchmarks;

/// <summary>How many commands each commit made durable, and how long the writer was at it.</summary>
internal sealed class Commits : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _commits;
    private long _commands;
    private double _seconds;

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
            _commits++;
            _commands += size;
        });
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => _seconds += seconds);
        _listener.Start();
    }

    public void Reset() => (_commits, _commands, _seconds) = (0, 0, 0);

    public override string ToString() => _commits == 0
        ? ""
        : $"   {(double)_commands / _commits:F0} in each commit of {_seconds / _commits * 1000:F1} ms";

    public void Dispose() => _listener.Dispose();
}

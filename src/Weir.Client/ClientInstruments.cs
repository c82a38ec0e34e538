using System.Diagnostics.Metrics;

namespace Weir.Client;

/// <summary>The client's metrics, under the name <c>Weir.Client</c>. No account's data in any tag.</summary>
internal sealed class ClientInstruments : IDisposable
{
    public const string Name = "Weir.Client";

    private readonly Meter _meter = new(Name);

    public ClientInstruments()
    {
        Retries = _meter.CreateCounter<long>("weir.client.retries", "{attempt}", "Requests that were sent again.");
        Degraded = _meter.CreateCounter<long>("weir.client.degraded", "{decision}", "Decisions that the client made without the server, by whether it allowed.");
        Recorded = _meter.CreateCounter<long>("weir.client.recorder.recorded", "{event}", "Events of the recorder that are recorded or in the spool.");
        Lost = _meter.CreateCounter<long>("weir.client.recorder.lost", "{event}", "Events of the recorder that are lost, by reason.");
        SpoolAppended = _meter.CreateCounter<long>("weir.client.spool.appended", "{record}", "Records that the spool has made durable.");
        SpoolRefused = _meter.CreateCounter<long>("weir.client.spool.refused", "{record}", "Records that the spool did not take, by reason.");
        SpoolDelivered = _meter.CreateCounter<long>("weir.client.spool.delivered", "{record}", "Records of the spool that the server has.");
        SpoolQuarantined = _meter.CreateCounter<long>("weir.client.spool.quarantined", "{record}", "Records that the server does not take.");
        SpoolCorrupt = _meter.CreateCounter<long>("weir.client.spool.corrupt", "By", "Bytes of the spool that could not be read.");
    }

    public Counter<long> Retries { get; }

    public Counter<long> Degraded { get; }

    public Counter<long> Recorded { get; }

    public Counter<long> Lost { get; }

    public Counter<long> SpoolAppended { get; }

    public Counter<long> SpoolRefused { get; }

    public Counter<long> SpoolDelivered { get; }

    public Counter<long> SpoolQuarantined { get; }

    public Counter<long> SpoolCorrupt { get; }

    public static KeyValuePair<string, object?> Reason(string reason) => new("reason", reason);

    /// <summary>Shows what waits in memory.</summary>
    public void Observe(UsageRecorder recorder) =>
        _meter.CreateObservableGauge("weir.client.recorder.waiting", () => recorder.Figures.Waiting, "{event}", "Events that wait in memory.");

    /// <summary>Shows what waits on disk.</summary>
    public void Observe(Func<SpoolHealth> health)
    {
        _meter.CreateObservableGauge("weir.client.spool.waiting", () => health().WaitingRecords, "{record}", "Records that wait on disk.");
        _meter.CreateObservableGauge("weir.client.spool.bytes", () => health().WaitingBytes, "By", "Bytes that wait on disk.");
        _meter.CreateObservableGauge("weir.client.spool.healthy", () => health().Healthy ? 1 : 0, null, "1 while the spool takes and delivers, else 0.");
    }

    public void Dispose() => _meter.Dispose();
}

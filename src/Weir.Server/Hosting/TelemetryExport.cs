using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Weir.Server;

/// <summary>Sends traces and metrics to a collector when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one; otherwise nothing is gathered.</summary>
internal static class TelemetryExport
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The source and the meter of the driver; silent without PostgreSQL.</summary>
    private const string Npgsql = "Npgsql";

    public static void AddExport(this IServiceCollection services)
    {
        if (Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 })
        {
            services.AddHostedService<Providers>();
        }
    }

    /// <summary>Holds the providers as long as the server runs; what they still have is sent when it stops.</summary>
    private sealed class Providers : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _traces = Sdk.CreateTracerProviderBuilder()
                .AddSource(WeirInstruments.Name, "Microsoft.AspNetCore", Npgsql)
                .AddOtlpExporter()
                .Build();
            _metrics = Sdk.CreateMeterProviderBuilder()
                .AddMeter(WeirInstruments.Name, Npgsql, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddOtlpExporter()
                .Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            _traces?.Dispose();
            _metrics?.Dispose();
        }
    }
}

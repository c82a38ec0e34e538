using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Weir.Chaos;

/// <summary>The processes that this one has started: they outlive a signal that ends it, unless they are ended with it.</summary>
internal static class Offspring
{
    private static readonly Lock s_ending = new();

    /// <summary>Until it is disposed of, whoever interrupts this process ends what it has started too, frozen or not.</summary>
    public static IDisposable EndWithUs()
    {
        PosixSignalRegistration[] signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, _ =>
        {
            lock (s_ending)
            {
                Console.WriteLine("Interrupted: nothing was compared.");
                End();
                Environment.Exit(1);
            }
        }))];
        return new Registrations(signals);
    }

    private static void End()
    {
        foreach (string id in Directory.EnumerateDirectories("/proc/self/task").SelectMany(ChildrenOf))
        {
            try
            {
                using Process child = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));
                child.Kill(entireProcessTree: true);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                // It has ended by itself.
            }
        }
    }

    private static string[] ChildrenOf(string thread)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            // The thread has ended; what it had started belongs to another one now.
            return [];
        }
    }

    private sealed class Registrations(PosixSignalRegistration[] signals) : IDisposable
    {
        /// <summary>A run whose first process has just been ended fails by itself; it must not end before the others are.</summary>
        public void Dispose()
        {
            lock (s_ending)
            {
                foreach (PosixSignalRegistration signal in signals)
                {
                    signal.Dispose();
                }
            }
        }
    }
}

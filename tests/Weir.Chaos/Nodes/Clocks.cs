namespace Weir.Chaos;

/// <summary>
/// Wrong clocks for nodes, by libfaketime where the machine has it: the first is two hours ahead, the second two hours behind, and the
/// others' can be set while they run. Only what a node takes for the time of day is wrong; its timers are right.
/// </summary>
internal sealed class Clocks(string folder, bool wanted)
{
    private readonly string? _library = wanted && Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib").Select(place => Path.Combine(place, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    public bool AreWrong => _library is not null;

    public int Steps { get; private set; }

    /// <summary>What a node's environment must have; nothing where there is no such library.</summary>
    public IReadOnlyDictionary<string, string?> EnvironmentOf(int node)
    {
        if (_library is null)
        {
            return new Dictionary<string, string?>(StringComparer.Ordinal);
        }

        Dictionary<string, string?> environment = new(StringComparer.Ordinal)
        {
            ["LD_PRELOAD"] = _library,
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            // What is shared between processes would be left behind by those that are killed.
            ["FAKETIME_DISABLE_SHM"] = "1",
        };
        if (node < 2)
        {
            environment["FAKETIME"] = node == 0 ? "+2h" : "-2h";
        }
        else
        {
            if (!File.Exists(FileOf(node)))
            {
                Set(node, "+0");
            }

            environment["FAKETIME_TIMESTAMP_FILE"] = FileOf(node);
            environment["FAKETIME_CACHE_DURATION"] = "1";
        }

        return environment;
    }

    /// <summary>The clocks that can be set jump, to at most a day from the true time.</summary>
    public void Step(int nodes, Random random)
    {
        if (_library is null)
        {
            return;
        }

        for (int node = 2; node < nodes; node++)
        {
            Set(node, $"{random.Next(-24, 25):+0;-0;+0}h");
            Steps++;
        }
    }

    private void Set(int node, string offset) => File.WriteAllText(FileOf(node), offset);

    private string FileOf(int node) => Path.Combine(folder, $"clock-{node + 1}");
}

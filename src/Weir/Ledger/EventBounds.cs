namespace Weir;

/// <summary>How large the parts of an event may be. Over a bound is a refusal of its own, never a cut.</summary>
public static class EventBounds
{
    /// <summary>Bytes of one event's JSON.</summary>
    public const int LargestEvent = 256 * 1024;

    /// <summary>Bytes of a batch.</summary>
    public const int LargestBody = 8 * 1024 * 1024;

    /// <summary>Events of a batch.</summary>
    public const int MostEvents = 1000;

    /// <summary>Levels of nesting of a body.</summary>
    public const int LargestDepth = 64;

    public const int MostProperties = 100;

    public const int LongestPropertyName = 100;

    /// <summary>Characters of a text property, and of the JSON of an object or list.</summary>
    public const int LongestPropertyValue = 64 * 1024;

    /// <summary>Characters of source, status, provider, model, endpoint, resource, requestId, address and userAgent.</summary>
    public const int LongestText = 512;
}

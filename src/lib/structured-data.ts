/** A JSON-LD BreadcrumbList (schema.org) of a page: the trail from the top down, the page itself last. */
export function breadcrumbList(siteUrl: string, trail: readonly { label: string; href: string }[]) {
  return {
    '@type': 'BreadcrumbList',
    itemListElement: trail.map(({ label, href }, index) => ({
      '@type': 'ListItem',
      position: index + 1,
      name: label,
      item: siteUrl + href,
    })),
  };
}

/** A JSON-LD Article (schema.org). Days are `YYYY-MM-DD`. */
export function article(page: {
  title: string;
  description: string;
  url: string;
  image: string;
  author: string;
  publisher: string;
  publishedOn?: string;
  updatedOn?: string;
}) {
  return {
    '@type': 'Article',
    headline: page.title,
    description: page.description,
    mainEntityOfPage: page.url,
    image: page.image,
    author: { '@type': page.author === page.publisher ? 'Organization' : 'Person', name: page.author },
    publisher: { '@type': 'Organization', name: page.publisher },
    ...(page.publishedOn && { datePublished: page.publishedOn }),
    ...(page.updatedOn && { dateModified: page.updatedOn }),
  };
}

/** A JSON-LD Organization (schema.org) for the home page. */
export function organization(site: {
  name: string;
  url: string;
  description: string;
  email: string;
  foundedYear: number;
}) {
  return {
    '@type': 'Organization',
    name: site.name,
    url: site.url,
    description: site.description,
    email: site.email,
    foundingDate: String(site.foundedYear),
    logo: `${site.url}/favicon.svg`,
  };
}
